# Weighted Kaplan-Meier curves with robust limits of all kinds, late entry, and quantiles, with R's survival.
# Rscript tests/parity/r/limits.R (from the project's root)
library(survival)
library(jsonlite)

uis <- read.csv("data/uis/uis.csv")
uis$entry <- ifelse(uis$TIME > 20, (uis$ID * 7) %% 20, 0)
model <- glm(TREAT ~ AGE + BECK + NDT + IV3 + RACE + SITE, binomial, uis, control = list(epsilon = 1e-14, maxit = 50))
uis$w <- with(uis, ifelse(TREAT == 1, 1 / fitted(model), 1 / (1 - fitted(model))))
types <- c("plain", "log", "log-log", "logit")
p <- c(0.1, 0.25, 0.5, 0.75)

one <- function(data, type, weighted, late) {
  y <- if (late) with(data, Surv(entry, TIME, CENSOR)) else with(data, Surv(TIME, CENSOR))
  fit <- if (weighted) survfit(y ~ 1, data, weights = w, id = ID, robust = TRUE, conf.type = type) else
    survfit(y ~ 1, data, id = ID, robust = late, conf.type = type)
  q <- quantile(fit, p)
  s <- summary(fit, times = c(30, 180, 365))
  list(quantile = unname(q$quantile), low = unname(q$lower), high = unname(q$upper),
       surv = s$surv, se = s$std.err, lower = s$lower, upper = s$upper)
}
cases <- list(plain = c(FALSE, FALSE), weighted = c(TRUE, FALSE), late = c(FALSE, TRUE), weighted_late = c(TRUE, TRUE))
out <- lapply(cases, function(case) sapply(types, function(type) lapply(0:1, function(arm)
  one(uis[uis$TREAT == arm, ], type, case[1], case[2])), simplify = FALSE))
# level at exactly one half, to the next event and to the end of follow-up; everyone has the event
small <- list(a = data.frame(t = 1:6, e = c(1, 1, 1, 0, 0, 0)), b = data.frame(t = 1:6, e = 1),
              c = data.frame(t = c(1, 2, 2, 5, 9), e = c(1, 1, 0, 1, 1)))
halves <- lapply(small, function(d) sapply(types, function(type) {
  q <- quantile(survfit(Surv(t, e) ~ 1, d, conf.type = type), p)
  list(quantile = unname(q$quantile), low = unname(q$lower), high = unname(q$upper))
}, simplify = FALSE))
write_json(list(R = R.version.string, survival = as.character(packageVersion("survival")), p = p, entry = uis$entry,
                uis = out, small = halves),
           "tests/parity/references/limits.json", digits = I(12), na = "null", auto_unbox = TRUE)
