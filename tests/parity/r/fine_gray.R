# References for Fine-Gray regression with censoring groups and weights.
# Rscript tests/parity/r/fine_gray.R > tests/parity/references/fine_gray.json
suppressMessages({library(survival); library(cmprsk); library(jsonlite)})
set.seed(1999)
n <- 160
age <- round(rnorm(n), 3); male <- rbinom(n, 1, 0.4); arm <- rbinom(n, 1, 0.5)
first <- rexp(n, 0.05 * exp(0.5 * age - 0.4 * male)); other <- rexp(n, 0.04 * exp(0.3 * male))
censored <- rexp(n, ifelse(arm == 1, 0.05, 0.02))
time <- round(pmin(first, other, censored), 4)
cause <- ifelse(censored < pmin(first, other), 0, ifelse(first < other, 1, 2))
copies <- sample(1:3, n, replace = TRUE)
share <- round(runif(n, 0.2, 3), 3)
days <- ceiling(time / 2)
x <- cbind(age, male)

fit_crr <- function(t, keep = seq_len(n), ...) {
  f <- crr(t[keep], cause[keep], x[keep, ], failcode = 1, gtol = 1e-12, maxiter = 50, ...)
  list(coef = unname(f$coef), se = unname(sqrt(diag(f$var))), loglik = f$loglik)
}
fit_finegray <- function(t, keep, ties) {
  d <- data.frame(t = t, state = factor(cause, 0:2), age, male, row = seq_len(n))[keep, ]
  d$id <- seq_len(nrow(d))
  e <- finegray(Surv(t, state) ~ age + male + row, data = d, etype = "1", id = id)
  f <- coxph(Surv(fgstart, fgstop, fgstatus) ~ age + male, data = e, weights = fgwt, cluster = row, ties = ties,
             control = coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 50))
  list(coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))))
}
# finegray(strata(arm)) moves a weight at events of its own stratum only, for a stratified model; here the person-times
# are written out, so that weights by arm serve a model of all arms together
fit_by_hand <- function(t, w, ties) {
  events <- sort(unique(t[cause == 1]))
  g <- lapply(0:1, function(a) survfit(Surv(t, cause == 0) ~ 1, weights = w, subset = arm == a))
  before <- function(a, u) { s <- g[[a + 1]]; c(1, s$surv)[findInterval(u, s$time, left.open = TRUE) + 1] }
  parts <- lapply(seq_len(n), function(i) {
    stops <- t[i]; wt <- 1
    if (cause[i] == 2) {
      later <- events[events > t[i]]
      stops <- c(t[i], later); wt <- c(1, before(arm[i], later) / before(arm[i], t[i]))
    }
    data.frame(row = i, start = c(0, head(stops, -1)), stop = stops, status = cause[i] == 1, w = w[i] * wt,
               age = age[i], male = male[i])
  })
  e <- subset(do.call(rbind, parts), w > 0)
  f <- coxph(Surv(start, stop, status) ~ age + male, data = e, weights = w, cluster = row, ties = ties,
             control = coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 50))
  list(coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))))
}
expanded <- rep(seq_len(n), copies)
values <- list(
  one_group = fit_crr(time), one_group_days = fit_crr(days),
  groups = fit_crr(time, cengroup = arm), groups_days = fit_crr(days, cengroup = arm),
  weighted_days = fit_crr(days, expanded),
  weighted_groups = fit_crr(time, expanded, cengroup = rep(arm, copies)),
  finegray_days = fit_finegray(days, seq_len(n), "efron"),
  finegray_weighted = fit_finegray(time, expanded, "breslow"),
  finegray_weighted_days = fit_finegray(days, expanded, "breslow"),
  by_hand_days = fit_by_hand(days, rep(1, n), "efron"),
  by_hand_weighted = fit_by_hand(time, share, "efron"),
  by_hand_weighted_days = fit_by_hand(days, share, "efron")
)
cat(toJSON(list(data = list(age = age, male = male, arm = arm, time = time, days = days, cause = cause, weight = copies,
                            share = share),
                values = values), digits = NA, auto_unbox = TRUE, pretty = FALSE), "\n")
