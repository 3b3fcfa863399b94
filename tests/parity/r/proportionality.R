# Tests of proportional hazards, their curves, and coefficients by period, with R's survival.
# Rscript tests/parity/r/proportionality.R (from the project's root)
library(survival)
library(splines)
library(jsonlite)

curve <- function(zph, at, df = 4, points = 40) {
  xx <- zph$x
  grid <- seq(min(xx), max(xx), length = points)
  basis <- ns(c(grid, xx), df = df, intercept = TRUE)
  keep <- !is.na(zph$y[, at])
  fit <- qr(basis[-(1:points), ][keep, ])
  back <- backsolve(fit$qr[1:df, 1:df], diag(df))
  value <- basis[1:points, ] %*% qr.coef(fit, zph$y[keep, at])
  spread <- rowSums((basis[1:points, ] %*% (back %*% t(back))) * basis[1:points, ])
  list(value = drop(value), se = sqrt(zph$var[at, at] * spread))
}
test <- function(fit, transform, term = 1) {
  zph <- cox.zph(fit, transform = transform)
  list(statistic = zph$table[, "chisq"], df = zph$table[, "df"], p = zph$table[, "p"],
       residual = sort(zph$y[, term]), curve = curve(zph, term))
}
transforms <- c("identity", "log", "km", "rank")
each <- function(fit, term = 1) sapply(transforms, function(g) test(fit, g, term), simplify = FALSE)

veteran <- transform(survival::veteran, w = round(0.5 + (seq_len(nrow(survival::veteran)) * 37) %% 100 / 50, 2))
veteran$celltype <- as.character(veteran$celltype)
veteran$celltype <- factor(veteran$celltype, levels = c("squamous", "smallcell", "adeno", "large"))
strata <- coxph(Surv(time, status) ~ trt + karno + strata(celltype), veteran)
terms <- coxph(Surv(time, status) ~ karno + celltype, veteran)
breslow <- coxph(Surv(time, status) ~ trt + karno, veteran, ties = "breslow")
weighted <- coxph(Surv(time, status) ~ trt + karno, veteran, weights = w)
# within squamous and smallcell, prior does not vary: those strata do not count for it
flat <- transform(veteran, prior = ifelse(celltype %in% c("squamous", "smallcell"), 0, prior))
flat_fit <- coxph(Surv(time, status) ~ prior + karno + strata(celltype), flat)
late <- coxph(Surv(start, stop, event) ~ age + surgery + transplant, heart)

split <- survSplit(Surv(time, status) ~ ., veteran, cut = c(60, 180), episode = "period", id = "person")
coefficients <- function(fit) {
  list(coef = unname(coef(fit)), se = unname(sqrt(diag(fit$naive.var))), robust = unname(sqrt(diag(vcov(fit)))))
}
by_period <- function(weighted) lapply(1:3, function(k) {
  own <- split[split$period == k, ]
  own$v <- if (weighted) own$w else 1
  coefficients(coxph(Surv(tstart, time, status) ~ trt + karno, own, cluster = person, weights = v))
})

write_json(list(
  R = R.version.string, survival = as.character(packageVersion("survival")),
  veteran = veteran[c("trt", "celltype", "time", "status", "karno", "prior", "w")],
  heart = transform(heart, transplant = as.numeric(as.character(transplant)))[c("start", "stop", "event", "age", "surgery", "transplant")],
  tests = list(strata = each(strata), terms = each(terms, 2), breslow = each(breslow), weighted = each(weighted),
               flat = each(flat_fit), late = each(late, 3)),
  periods = list(plain = by_period(FALSE), weighted = by_period(TRUE))
), "tests/parity/references/proportionality.json", digits = I(12), dataframe = "columns", auto_unbox = TRUE)
