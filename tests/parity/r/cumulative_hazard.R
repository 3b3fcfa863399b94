# Nelson-Aalen cumulative hazards with robust standard errors, with R's survival.
# Rscript tests/parity/r/cumulative_hazard.R (from the project's root)
library(survival)
library(jsonlite)
uis <- read.csv("data/uis/uis.csv")
uis$entry <- ifelse(uis$TIME > 20, (uis$ID * 7) %% 20, 0)
uis$w <- round(0.5 + (uis$ID * 37) %% 100 / 50, 2)
uis$cause <- ifelse(uis$CENSOR == 1, 1 + (uis$ID %% 3 == 0), 0)
times <- c(30, 180, 365)
one <- function(fit) {
  s <- summary(fit, times = times)
  list(value = s$cumhaz, se = s$std.chaz)
}
write_json(list(
  R = R.version.string, survival = as.character(packageVersion("survival")), times = times,
  entry = uis$entry, w = uis$w, cause = uis$cause,
  plain = one(survfit(Surv(TIME, CENSOR) ~ 1, uis, id = ID, robust = TRUE)),
  weighted = one(survfit(Surv(TIME, CENSOR) ~ 1, uis, id = ID, weights = w, robust = TRUE)),
  late = one(survfit(Surv(entry, TIME, CENSOR) ~ 1, uis, id = ID, weights = w, robust = TRUE)),
  # other causes censor
  first = one(survfit(Surv(TIME, cause == 1) ~ 1, uis, id = ID, weights = w, robust = TRUE)),
  second = one(survfit(Surv(TIME, cause == 2) ~ 1, uis, id = ID, weights = w, robust = TRUE))
), "tests/parity/references/cumulative_hazard.json", digits = I(12), auto_unbox = TRUE)
