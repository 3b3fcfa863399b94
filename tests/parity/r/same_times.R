# References where times differ by rounding only, which survival ties (timefix).
# Rscript tests/parity/r/same_times.R > tests/parity/references/same_times.json
suppressMessages({library(survival); library(jsonlite)})
# tenths of a unit as a calendar gives them: a time plus its start, less its start
tenths <- function(k, start) (k / 10 + start) - start
starts <- c(0, 30.2, 40.2, 100.7, 7.3)
set.seed(107)
n <- 16
few <- data.frame(time = tenths(sample(1:4, n, TRUE), sample(starts, n, TRUE)), event = rbinom(n, 1, 0.7),
                  x = rbinom(n, 1, 0.5))
set.seed(30)
n <- 90
ends <- sample(2:9, n, TRUE)
d <- data.frame(time = tenths(ends, sample(starts, n, TRUE)), x = round(rnorm(n), 2), group = rep(1:2, n / 2),
                entry = tenths(pmax(0, pmin(ends - 1, sample(-2:3, n, TRUE))), sample(starts, n, TRUE)),
                cause = sample(0:2, n, TRUE, c(0.3, 0.4, 0.3)))
d$event <- as.numeric(d$cause > 0)
own <- function(f) list(value = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))))
at <- c(0.3, 0.5, 0.7)
curve <- function(f, what = "surv") unname(summary(f, times = at + 1e-9)[[what]])
late <- survfit(Surv(entry, time, event) ~ 1, d, id = seq_len(n), robust = TRUE)
states <- survfit(Surv(time, factor(cause, 0:2)) ~ 1, d)
pair <- concordance(Surv(time, event) ~ x, d, reverse = TRUE)
values <- list(
  few_tied = own(coxph(Surv(time, event) ~ x, few)),
  few_apart = own(coxph(Surv(time, event) ~ x, few, timefix = FALSE)),
  efron = own(coxph(Surv(time, event) ~ x, d)), breslow = own(coxph(Surv(time, event) ~ x, d, ties = "breslow")),
  late = own(coxph(Surv(entry, time, event) ~ x, d)),
  survival = curve(survfit(Surv(time, event) ~ 1, d)), survival_late = curve(late),
  nelson_aalen = curve(survfit(Surv(time, event) ~ 1, d), "cumhaz"), incidence = curve(states, "pstate")[, 2],
  restricted_mean = unname(summary(survfit(Surv(time, event) ~ 1, d), rmean = 0.7)$table["rmean"]),
  logrank = survdiff(Surv(time, event) ~ group, d)$chisq,
  concordance = c(unname(pair$concordance), sqrt(pair$var))
)
cat(toJSON(list(few = few, data = d, at = at, values = values), dataframe = "columns", digits = NA,
           auto_unbox = TRUE), "\n")
