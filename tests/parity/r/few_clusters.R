# Reference values of test_parity_few_clusters.py, from uis as it ships with the project.
# Rscript tests/parity/r/few_clusters.R (from the project's root; clubSandwich, jsonlite)
suppressMessages({library(clubSandwich); library(jsonlite)})
uis <- read.csv("data/uis/uis.csv")
uis$group <- (uis$AGE * 7 + uis$NDT * 3) %% 9  # nine made-up clusters of unlike size
uis$w <- 0.5 + (uis$BECK %% 4) / 2
of <- function(fit) {
  v <- vcovCR(fit, cluster = uis$group, type = "CR2", inverse_var = FALSE)
  t <- coef_test(fit, vcov = v, test = "Satterthwaite")
  list(value = unname(coef(fit)), se = t$SE, df = t$df_Satt)
}
out <- list(
  plain = of(lm(TIME ~ TREAT + AGE + SITE, uis)),
  weighted = of(lm(TIME ~ TREAT + AGE + SITE, uis, weights = w)),
  # an indicator of each cluster: only the coefficients of TREAT and AGE rest on more than one
  indicators = of(lm(TIME ~ TREAT + AGE + factor(group), uis)),
  indicators_weighted = of(lm(TIME ~ TREAT + AGE + factor(group), uis, weights = w)),
  packages = list(R = R.version.string, clubSandwich = as.character(packageVersion("clubSandwich")))
)
write(toJSON(out, auto_unbox = TRUE, digits = 15, pretty = TRUE), "tests/parity/references/few_clusters.json")
