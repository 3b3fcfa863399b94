# References for grouped-time hazards: glm with complementary log-log link on one row per person and interval.
# Rscript tests/parity/r/grouped.R > tests/parity/references/grouped.json
suppressMessages({library(jsonlite); library(numDeriv); library(sandwich)})
set.seed(1978)
n <- 180
age <- round(rnorm(n), 3); arm <- rbinom(n, 1, 0.5); weight <- round(runif(n, 0.3, 2), 3)
borders <- c(0, 1, 2, 4, 7, 14, 30)
first <- rexp(n, 0.10 * exp(0.5 * age - 0.5 * arm)); other <- rexp(n, 0.05)
left <- pmin(first, other); cause <- ifelse(first < other, 1, 2)
place <- findInterval(left, borders, left.open = TRUE)
seen <- sample(0:6, n, replace = TRUE, prob = c(0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.4))
cause <- ifelse(place > seen, 0, cause)
low <- ifelse(cause == 0, borders[seen + 1], borders[place]); high <- ifelse(cause == 0, low, borders[pmin(place, 6) + 1])
fit <- function(which, w) {
  last <- ifelse(cause == 0, seen, place)
  long <- do.call(rbind, lapply(which(last > 0), function(i) data.frame(
    id = i, k = seq_len(last[i]), y = as.integer(cause[i] == which & seq_len(last[i]) == last[i]),
    age = age[i], arm = arm[i], w = w[i])))
  long$k <- factor(long$k)
  g <- suppressWarnings(glm(y ~ age + arm + 0 + k, binomial("cloglog"), long, weights = w,
                            control = glm.control(epsilon = 1e-14, maxit = 100)))
  x <- model.matrix(g)
  loglik <- function(b) { e <- exp(drop(x %*% b)); sum(long$w * ifelse(long$y == 1, log(-expm1(-e)), -e)) }
  b <- coef(g)
  bread <- solve(-hessian(loglik, b))
  score <- rowsum(estfun(g), long$id)
  observed <- sqrt(diag(bread %*% crossprod(score) %*% bread))
  expected <- sqrt(diag(vcovCL(g, long$id, type = "HC0", cadjust = FALSE)))
  list(coef = unname(b), se = unname(observed), se_expected = unname(expected), loglik = loglik(b))
}
values <- list(cause1 = fit(1, rep(1, n)), cause2 = fit(2, rep(1, n)), weighted1 = fit(1, weight))
cat(toJSON(list(data = list(age = age, arm = arm, weight = weight, low = low, high = high, cause = cause),
                borders = borders, values = values), digits = NA, auto_unbox = TRUE), "\n")
