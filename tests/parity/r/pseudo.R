# Pseudo-observations of R's survival, and generalised estimating equations of them with geepack.
# Rscript tests/parity/r/pseudo.R (from the project's root)
library(survival)
library(geepack)
library(jsonlite)

times <- c(60, 180)
d <- survival::veteran[c("trt", "time", "status", "karno", "age")]
d$cause <- ifelse(d$status == 1, 1 + (seq_len(nrow(d)) %% 3 == 0), 0)
curve <- survfit(Surv(time, status) ~ 1, d)
states <- survfit(Surv(time, factor(cause)) ~ 1, d)
survival_values <- pseudo(curve, times = times, type = "surv")
rmst_values <- pseudo(curve, times = 180, type = "rmst")
incidence_values <- pseudo(states, times = times, type = "pstate")[, , 2]

long <- data.frame(id = rep(seq_len(nrow(d)), each = 2), q = factor(rep(times, nrow(d))),
                   y = as.vector(t(1 - survival_values)), trt = rep(d$trt - 1, each = 2), karno = rep(d$karno, each = 2))
fit <- function(link, variance) {
  g <- geese(y ~ q + trt + karno - 1, id = id, data = long, mean.link = link, variance = variance, jack = FALSE,
             scale.fix = TRUE, corstr = "independence", control = geese.control(epsilon = 1e-12, maxit = 100))
  list(coef = unname(g$beta), se = unname(sqrt(diag(g$vbeta))))
}
write_json(list(
  R = R.version.string, survival = as.character(packageVersion("survival")), geepack = as.character(packageVersion("geepack")),
  data = d, times = times, survival_values = survival_values, rmst_values = as.vector(rmst_values),
  incidence_values = incidence_values,
  cloglog = fit("cloglog", "gaussian"), identity = fit("identity", "gaussian")
), "tests/parity/references/pseudo.json", digits = I(12), dataframe = "columns", auto_unbox = TRUE, matrix = "rowmajor")
