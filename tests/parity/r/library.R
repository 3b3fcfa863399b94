# Reference values for the library: data/uis/uis.csv, 575 rows, with weights 1 + AGE mod 3.
# Run from the project's root:  Rscript tests/parity/r/library.R > tests/parity/references/library.json
# Robust standard errors; limits of survival on the log-log scale; Cox with ties after Efron, with sites as strata.
library(survival)

uis <- read.csv("data/uis/uis.csv")
uis$w <- 1 + uis$AGE %% 3
uis$state <- factor(ifelse(uis$CENSOR == 0, "censored", ifelse(uis$LEN.T < 60, "early", "late")), c("censored", "early", "late"))
km <- summary(survfit(Surv(TIME, CENSOR) ~ TREAT, uis, weights = w, id = ID, robust = TRUE, conf.type = "log-log"), times = c(90, 180))
aj <- summary(survfit(Surv(TIME, state) ~ TREAT, uis, weights = w, id = ID), times = 180)
cox <- summary(coxph(Surv(TIME, CENSOR) ~ AGE + TREAT + factor(IV) + strata(SITE), uis, weights = w, robust = TRUE, ties = "efron"))$coef
line <- function(name, values) sprintf('  "%s": [%s]', name, paste(sprintf("%.12g", values), collapse = ", "))
cat("{\n", paste(c(
  line("survival", km$surv), line("survival_se", km$std.err), line("survival_low", km$lower), line("survival_high", km$upper),
  line("early", aj$pstate[, 2]), line("early_se", aj$std.err[, 2]),
  line("cox", cox[, "coef"]), line("cox_se", cox[, "robust se"])
), collapse = ",\n"), "\n}\n", sep = "")
