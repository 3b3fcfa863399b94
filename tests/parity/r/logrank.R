# References for log-rank tests with weight functions, strata, weights and clusters.
# Rscript tests/parity/r/logrank.R > tests/parity/references/logrank.json
suppressMessages({library(survival); library(survey); library(jsonlite)})
set.seed(1966)
n <- 140
group <- sample(0:2, n, replace = TRUE); stratum <- sample(1:3, n, replace = TRUE); site <- sample(1:25, n, replace = TRUE)
time <- ceiling(10 * rexp(n, exp(0.4 * (group == 2)))); event <- rbinom(n, 1, 0.7); weight <- round(runif(n, 0.3, 3), 3)
d <- data.frame(group = factor(group), stratum, site, time, event, weight, x = 1 * (group == 2))
plain <- function(...) { f <- survdiff(..., data = d); c(f$chisq, length(f$n) - 1) }
design <- function(id, ...) {
  f <- svylogrank(Surv(time, event) ~ x, svydesign(id, weights = ~weight, data = d), ...)
  as.numeric(f[[1]])[1:2]
}
values <- list(
  half = plain(Surv(time, event) ~ group, rho = 0.5), strata = plain(Surv(time, event) ~ group + strata(stratum), rho = 1)[1],
  weighted = design(~1), weighted_rho = design(~1, rho = 1), weighted_gamma = design(~1, rho = 1, gamma = 1),
  sites = design(~site), sites_rho = design(~site, rho = 1),
  coxph_sites = coxph(Surv(time, event) ~ group, d, weights = weight, cluster = site, ties = "breslow")$rscore,
  coxph_strata = coxph(Surv(time, event) ~ group + strata(stratum), d, weights = weight, robust = TRUE,
                       ties = "breslow")$rscore
)
cat(toJSON(list(data = list(group = group, stratum = stratum, site = site, time = time, event = event, weight = weight),
                values = values), digits = NA, auto_unbox = TRUE), "\n")
