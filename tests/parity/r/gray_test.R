# References for Gray's test: several groups, strata, ties, rho.
# Rscript tests/parity/r/gray_test.R > tests/parity/references/gray_test.json
suppressMessages({library(cmprsk); library(jsonlite)})
set.seed(1988)
n <- 220
group <- sample(0:2, n, replace = TRUE); stratum <- sample(1:3, n, replace = TRUE)
first <- rexp(n, 0.05 * exp(0.4 * (group == 2))); other <- rexp(n, 0.04); censored <- rexp(n, 0.03)
time <- round(pmin(first, other, censored), 4)
cause <- ifelse(censored < pmin(first, other), 0, ifelse(first < other, 1, 2))
days <- ceiling(time / 3)
copies <- sample(1:3, n, replace = TRUE)
expanded <- rep(seq_len(n), copies)
test <- function(t, keep = seq_len(n), g = group, s = rep(1, n), ...) {
  unname(cuminc(t[keep], cause[keep], g[keep], s[keep], ...)$Tests)
}
values <- list(
  plain = test(time), days = test(days), two = test(days, g = 1 * (group > 0)), strata = test(days, s = stratum),
  rho = test(days, s = stratum, rho = 1), expanded = test(days, expanded, s = stratum),
  last = test(days, which(!(group == 2 & days > 3)))
)
cat(toJSON(list(data = list(group = group, stratum = stratum, time = time, days = days, cause = cause, copies = copies),
                values = values), digits = NA, auto_unbox = TRUE), "\n")
