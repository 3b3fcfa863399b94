# Estimating equations with a correlation below zero: geepack's 'ar1', on data written here from a fixed recipe.
# Rscript tests/parity/r/gee_negative.R (from the project's root)
library(geepack)
library(jsonlite)
set.seed(31)
people <- 50
visits <- 6
d <- expand.grid(wave = 1:visits, id = 1:people)
d$arm <- rep(rbinom(people, 1, 0.5), each = visits)
# a week of use is followed by one without
carried <- as.vector(replicate(people, arima.sim(list(ar = -0.7), visits)))
d$use <- rbinom(nrow(d), 1, plogis(0.2 + 0.4 * d$arm + 3 * carried))
d$days <- rpois(nrow(d), exp(0.6 + 0.2 * d$arm + 0.5 * carried))
d$craving <- round(5 + d$arm - 0.1 * d$wave + carried, 2)
# visits missed, so that some neighbours are two and three weeks apart
d <- d[runif(nrow(d)) < 0.8, ]
control <- geese.control(epsilon = 1e-12, maxit = 200)
one <- function(outcome, family) {
  f <- geeglm(y ~ arm + wave, id = id, waves = wave, data = transform(d, y = d[[outcome]]), family = family,
              corstr = "ar1", control = control)
  list(coef = unname(coef(f)), se = unname(sqrt(diag(f$geese$vbeta))), alpha = unname(f$geese$alpha),
       phi = unname(f$geese$gamma))
}
fits <- list(logistic = one("use", binomial), poisson = one("days", poisson), linear = one("craving", gaussian))
write_json(list(R = R.version.string, geepack = as.character(packageVersion("geepack")), data = d, fits = fits),
           "tests/parity/references/gee_negative.json", digits = I(12), dataframe = "columns", auto_unbox = TRUE)
