# What mice makes of missing numbers and categories, in distribution: data/uis/uis.csv (575 rows) with values taken away
# at random given others. Run from the project's root:  Rscript tests/parity/r/imputation.R   (mice 3.15, half a minute)
library(mice)
uis <- read.csv("data/uis/uis.csv")
n <- nrow(uis)
d <- data.frame(age = uis$AGE, beck = uis$BECK, iv = factor(uis$IV), race = factor(uis$RACE), treat = uis$TREAT, len = uis$LEN.T)
row <- seq_len(n) - 1
# pseudo-random but the same everywhere: the row number times a prime, modulo another
u1 <- ((row * 7919 + 13) %% 1009) / 1009
u3 <- ((row * 15485863 + 3) %% 1019) / 1019
u2 <- ((row * 104729 + 7) %% 1013) / 1013
d$beck[u1 < ifelse(d$len > 100, 0.5, 0.2)] <- NA
d$iv[u2 < ifelse(d$age > 32, 0.45, 0.15)] <- NA
d$race[u3 < ifelse(d$treat == 1, 0.4, 0.2)] <- NA
m <- 400
fit <- mice(d, m = m, maxit = 5, method = c("", "pmm", "polyreg", "logreg", "", ""), seed = 1, printFlag = FALSE, matchtype = 1L)
each <- function(f) sapply(1:m, function(i) f(complete(fit, i)))
shown <- list(
  beck = each(function(x) mean(x$beck[is.na(d$beck)])),
  beck_squared = each(function(x) mean(x$beck[is.na(d$beck)]^2)),
  iv_2 = each(function(x) mean(x$iv[is.na(d$iv)] == "2")),
  iv_3 = each(function(x) mean(x$iv[is.na(d$iv)] == "3")),
  race = each(function(x) mean(x$race[is.na(d$race)] == "1")),
  slope = each(function(x) coef(lm(len ~ beck + iv + race + age + treat, x))["beck"])
)
cell <- function(v) paste0('{"mean": ', format(mean(v), digits = 10), ', "sd": ', format(sd(v), digits = 10), "}")
writeLines(paste0('{"about": "Quantities of data sets completed by mice; made by tests/parity/r/imputation.R.", "m": ', m,
  ', "missing": {"beck": ', sum(is.na(d$beck)), ', "iv": ',  sum(is.na(d$iv)), ', "race": ', sum(is.na(d$race)), '}, "quantities": {',
  paste0('"', names(shown), '": ', sapply(shown, cell), collapse = ", "), "}}"), "tests/parity/references/imputation.json")
