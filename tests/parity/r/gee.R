# Generalised estimating equations with geepack, on data written here from a fixed recipe.
# Rscript tests/parity/r/gee.R (from the project's root)
library(geepack)
library(jsonlite)
set.seed(20)
people <- 60
visits <- 6
d <- expand.grid(wave = 1:visits, id = 1:people)
own <- rnorm(people)
d$arm <- rep(rbinom(people, 1, 0.5), each = visits)
d$age <- rep(round(rnorm(people), 2), each = visits)
d$w <- rep(sample(1:3, people, TRUE), each = visits)
carried <- as.vector(replicate(people, arima.sim(list(ar = 0.6), visits)))
d$use <- rbinom(nrow(d), 1, plogis(-0.3 + 0.5 * d$arm - 0.1 * d$wave + own[d$id] + 0.8 * carried))
d$days <- rpois(nrow(d), exp(0.5 + 0.3 * d$arm + 0.4 * own[d$id] + 0.3 * carried))
d$craving <- round(5 + d$arm - 0.2 * d$wave + own[d$id] + carried, 2)
# visits missed: gaps in the waves, and clusters of different sizes
d <- d[runif(nrow(d)) < 0.85, ]
control <- geese.control(epsilon = 1e-12, maxit = 200)
result <- function(f, alpha = unname(f$geese$alpha)) {
  list(coef = unname(coef(f)), se = unname(sqrt(diag(f$geese$vbeta))), alpha = alpha, phi = unname(f$geese$gamma))
}
formula <- y ~ arm + wave + age
plain <- function(d, family, corstr) {
  geeglm(formula, id = id, waves = wave, data = d, family = family, corstr = corstr, control = control)
}
# geepack weights the pairs of a cluster by the square of its weight when it estimates their correlation. Here a weight
# of 3 stands for three clusters; their influences are those of one, added up.
weighted <- function(d, family, corstr) {
  copies <- do.call(rbind, lapply(1:3, function(k) transform(d[d$w >= k, ], id = id + 1000 * k)))
  copies <- copies[order(copies$id, copies$wave), ]
  f <- plain(copies, family, corstr)
  influence <- f$geese$infls[seq_along(coef(f)), ]
  stopifnot(max(abs(influence %*% t(influence) / f$geese$vbeta - 1)) < 1e-6)
  summed <- rowsum(t(influence), unique(copies$id) %% 1000)
  modifyList(result(f), list(se = unname(sqrt(colSums(summed^2)))))
}
one <- function(outcome, family, corstr, how) how(transform(d, y = d[[outcome]]), family, corstr)
families <- list(logistic = list("use", binomial), poisson = list("days", poisson), linear = list("craving", gaussian))
all <- lapply(families, function(f) sapply(c("independence", "exchangeable", "ar1"), function(corstr)
  list(plain = result(one(f[[1]], f[[2]], corstr, plain)), weighted = one(f[[1]], f[[2]], corstr, weighted)), simplify = FALSE))
write_json(list(R = R.version.string, geepack = as.character(packageVersion("geepack")), data = d, fits = all),
           "tests/parity/references/gee.json", digits = I(12), dataframe = "columns", auto_unbox = TRUE)
