# One piece of work on the people of discharges.py, by R's packages: Rscript estimators.R <work> <file.csv>
# Prints {"seconds", "mb", "value", "error"}; reading the file is not timed.
suppressMessages({library(data.table); library(survival)})
setDTthreads(1)
asked <- commandArgs(trailingOnly = TRUE)
covariates <- c("AGE", "GENDER", "RACE", "ETHNIC", "MARSTAT", "EDUC", "EMPLOY", "LIVARAG", "ARRESTS", "PSOURCE",
                "NOPRIOR", "SUB1", "ROUTE1", "FREQ1", "PSYPROB")
d <- as.data.frame(fread(asked[2], showProgress = FALSE))
for (v in intersect(covariates, names(d))) d[[v]] <- factor(d[[v]])
if ("cause" %in% names(d)) d$event <- as.integer(d$cause == 1)
setDT(d)
right <- paste(c("arm", covariates), collapse = "+")
score <- as.formula(paste("arm ~", paste(covariates, collapse = "+")))
hazard <- as.formula(paste("Surv(time, event) ~", right))

standardised <- function(dt) {  # shares by arm and level under two weights, and their standardised differences
  out <- c(0, 0)
  for (v in covariates) {
    t <- dt[, .(n = .N, w = sum(weight)), keyby = c(v, "arm")]
    p <- xtabs(as.formula(paste("n ~ arm +", v)), t); p <- p / rowSums(p)
    q <- xtabs(as.formula(paste("w ~ arm +", v)), t); q <- q / rowSums(q)
    sd <- sqrt((p[1, ] * (1 - p[1, ]) + p[2, ] * (1 - p[2, ])) / 2)
    out <- pmax(out, c(max(abs(p[2, ] - p[1, ]) / sd), max(abs(q[2, ] - q[1, ]) / sd)))
  }
  out
}

works <- list(
  cox_robust = function() {
    f <- coxph(hazard, d, weights = weight, robust = TRUE)
    c(coef(f)[["arm"]], sqrt(f$var[1, 1]))
  },
  cox_clustered = function() {
    f <- coxph(hazard, d, weights = weight, cluster = site)
    c(coef(f)[["arm"]], sqrt(f$var[1, 1] * 50 / 49))
  },
  cox_model = function() {
    f <- coxph(hazard, d, weights = weight, robust = FALSE)
    c(coef(f)[["arm"]], sqrt(f$var[1, 1]))
  },
  score = function() {
    f <- glm(score, binomial, d, control = list(epsilon = 1e-12))
    c(coef(f)[["SUB12"]], sqrt(vcov(f)["SUB12", "SUB12"]))
  },
  incidence = function() {
    f <- survfit(Surv(time, factor(cause)) ~ arm, d, weights = weight, id = seq_len(nrow(d)))
    s <- summary(f, times = 20)
    c(s$pstate[1, 2], s$std.err[1, 2])
  },
  survival = function() {
    f <- survfit(Surv(time, event) ~ arm, d, weights = weight, robust = TRUE)
    s <- summary(f, times = 20)
    c(s$surv[1], s$std.err[1])
  },
  fine_gray = function() {
    d$state <- factor(pmin(d$cause, 2), 0:2, c("censored", "unplanned", "other"))
    d$id <- seq_len(nrow(d))
    g <- finegray(as.formula(paste("Surv(time, state) ~ id +", right)), d, etype = "unplanned")
    f <- coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", right)), g, weights = fgwt, cluster = id,
               ties = "breslow")
    c(coef(f)[["arm"]], sqrt(f$var[1, 1]))
  },
  table1 = function() standardised(d),
  bootstrap = function() {
    x <- model.matrix(score, d)
    n <- nrow(d)
    s <- glm.fit(x, d$arm, family = binomial())$fitted.values
    w <- ifelse(d$arm == 1, 1 - s, s)
    y <- Surv(d$time, d$event)
    f <- coxph.fit(cbind(arm = d$arm, x[, -1]), y, NULL, NULL, NULL, coxph.control(), w, "efron", seq_len(n))
    c(f$coefficients[["arm"]], sqrt(f$var[1, 1]))
  },
  impute = function() {
    suppressMessages(library(mice))
    set.seed(1)
    miss <- as.data.frame(d)[, covariates]
    gone <- runif(nrow(d)) < 0.1
    miss$EDUC[gone] <- NA
    imputed <- complete(mice(miss, m = 1, maxit = 1, method = "polyreg", printFlag = FALSE))
    c(mean(imputed$EDUC[gone] == "1"), mean(imputed$EDUC[gone] == "2"))
  },
  weeks = function() {  # as mice has it by default: each week by logistic regression on all other columns
    suppressMessages(library(mice))
    miss <- as.data.frame(d)
    weeks <- grep("^week", names(miss))
    gone <- lapply(miss[weeks], function(w) w == 2)
    for (w in weeks) miss[[w]] <- factor(ifelse(miss[[w]] == 2, NA, miss[[w]]))
    imputed <- complete(mice(miss, m = 1, maxit = 5, seed = 1, printFlag = FALSE))
    c(mean(imputed$week13[gone$week13] == "1"), mean(imputed$week26[gone$week26] == "1"))
  }
)
start <- proc.time()[["elapsed"]]
found <- works[[asked[1]]]()
seconds <- proc.time()[["elapsed"]] - start
peak <- as.numeric(sub("\\D*(\\d+).*", "\\1", grep("VmHWM", readLines("/proc/self/status"), value = TRUE))) / 1024
cat(sprintf('{"seconds": %.4f, "mb": %.1f, "value": %.12g, "error": %.12g}\n', seconds, peak, found[1], found[2]))
