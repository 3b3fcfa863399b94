# Reference values for generalised propensity scores of a dose: days in treatment (LEN.T) of data/uis/uis.csv, 575 rows,
# with the return to use (CENSOR) as outcome. Run from the project's root: Rscript tests/parity/r/generalised_propensity.R
# As a number: glm with family Gamma (log link) and MASS::gamma.shape, or lm; stabilised weights; a weighted logistic glm
# on a restricted cubic spline; as categories: nnet::multinom. Standard errors by a sandwich of all stacked estimating
# equations, differentiated numerically, and beside it HC0 of the weighted glm alone (sandwich).
suppressMessages({library(MASS); library(nnet); library(sandwich)})

uis <- read.csv("data/uis/uis.csv")
x <- model.matrix(~ AGE + BECK + NDT + RACE, uis)
h <- uis$LEN.T / 7
y <- uis$CENSOR
n <- length(y)

numeric_jacobian <- function(f, at) {
  sapply(seq_along(at), function(j) {
    d <- 1e-5 * max(1, abs(at[j])); up <- down <- at; up[j] <- at[j] + d; down[j] <- at[j] - d
    (f(up) - f(down)) / (2 * d)
  })
}
settle <- function(psi, at, steps = 4) {
  for (i in seq_len(steps)) at <- at - solve(numeric_jacobian(function(t) colSums(psi(t)), at), colSums(psi(at)))
  at
}
sandwich_of <- function(psi, at) {
  bread <- solve(numeric_jacobian(function(t) colSums(psi(t)), at))
  bread %*% crossprod(psi(at)) %*% t(bread)
}

k <- quantile(h, c(.05, .35, .65, .95))  # Harrell 2015, section 2.4.5
cube <- function(v) pmax(v, 0)^3
basis <- function(v) cbind(v, sapply(1:2, function(j) (cube(v - k[j]) - cube(v - k[3]) * (k[4] - k[j]) / (k[4] - k[3]) +
  cube(v - k[4]) * (k[3] - k[j]) / (k[4] - k[3])) / (k[4] - k[1])^2))
grid <- c(4, 10, 20, 26)
b <- cbind(1, basis(h)); at <- cbind(1, basis(grid))

# log density and score of each person: of the coefficients, the spread last
forms <- list(
  gamma = list(
    log = function(m, t) { e <- drop(m %*% t[-length(t)]); dgamma(h, exp(t[length(t)]), exp(t[length(t)] - e), log = TRUE) },
    start = function(m) { f <- glm(h ~ m - 1, family = Gamma("log"), control = list(epsilon = 1e-14, maxit = 100))
      c(coef(f), log(gamma.shape(f)$alpha)) }),
  normal = list(
    log = function(m, t) dnorm(h, drop(m %*% t[-length(t)]), exp(t[length(t)]), log = TRUE),
    start = function(m) { f <- lm(h ~ m - 1); c(coef(f), log(sqrt(mean(resid(f)^2)))) })
)
score <- function(log, m, t) sapply(seq_along(t), function(j) {
  d <- 1e-4 * max(1, abs(t[j])); move <- function(s) { q <- t; q[j] <- q[j] + s * d; log(m, q) }
  (8 * (move(1) - move(-1)) - (move(2) - move(-2))) / (12 * d)
})

of_dose <- lapply(forms, function(form) {
  one <- matrix(1, n, 1); marginal <- form$start(one); given <- form$start(x)
  w <- exp(form$log(one, marginal) - form$log(x, given))
  fit <- suppressWarnings(glm(y ~ basis(h), family = binomial, weights = w, control = list(epsilon = 1e-14, maxit = 100)))
  beta <- coef(fit); p <- length(beta); q <- length(marginal)
  psi <- function(t) {
    o <- t[1:p]; m <- t[p + 1:q]; g <- t[-(1:(p + q))]
    w <- exp(form$log(one, m) - form$log(x, g))
    cbind(w * (y - plogis(drop(b %*% o))) * b, score(form$log, one, m), score(form$log, x, g))
  }
  v <- sandwich_of(psi, c(beta, marginal, given))[1:p, 1:p]
  mean <- plogis(drop(at %*% beta)); slope <- at * (mean * (1 - mean))
  away <- sweep(x[, -1], 2, colSums(w * x[, -1]) / sum(w)); off <- h - sum(w * h) / sum(w)
  sd0 <- function(v) sqrt(mean((v - mean(v))^2))
  list(given = unname(given), mean = unname(mean), se = sqrt(diag(slope %*% v %*% t(slope))),
       se_known = sqrt(diag(slope %*% sandwich(fit) %*% t(slope))), weight_mean = mean(w), weight_max = max(w),
       correlation = unname(colSums(w * off * away) / sum(w) / apply(x[, -1], 2, function(v) sqrt(mean((v - base::mean(v))^2))) /
         sqrt(base::mean((h - base::mean(h))^2))))
})

z <- findInterval(h, c(6, 13))
fit <- multinom(factor(z) ~ AGE + BECK + NDT + RACE, uis, trace = FALSE, maxit = 10000, reltol = 1e-15, abstol = 1e-15)
chances <- function(c) { eta <- cbind(0, x %*% t(matrix(c, 2))); exp(eta) / rowSums(exp(eta)) }
of_score <- function(c) { e <- chances(c); r <- sapply(2:3, function(a) (z == a - 1) - e[, a])
  do.call(cbind, lapply(seq_len(ncol(x)), function(j) r * x[, j])) }
c0 <- settle(of_score, as.vector(coef(fit)))
weigh <- function(c) { e <- chances(c); (tabulate(z + 1) / n)[z + 1] / e[cbind(seq_len(n), z + 1)] }
w <- weigh(c0)
mu <- sapply(0:2, function(a) weighted.mean(y[z == a], w[z == a]))
psi <- function(t) cbind(sapply(1:3, function(a) (z == a - 1) * weigh(t[-(1:3)]) * (y - t[a])), of_score(t[-(1:3)]))
v <- sandwich_of(psi, c(mu, c0))
out <- list(
  about = "Generalised propensity scores of days in treatment; made by tests/parity/r/generalised_propensity.R.",
  R = R.version.string,
  packages = sapply(c("MASS", "nnet", "sandwich"), function(p) as.character(packageVersion(p)), simplify = FALSE),
  tolerance = 1e-5, grid = grid, dose = of_dose,
  categories = list(mean = mu, se = sqrt(diag(v))[1:3], se_last_minus_first = sqrt(v[1, 1] + v[3, 3] - 2 * v[1, 3]),
                    weight_mean = mean(w), weight_max = max(w))
)
json <- function(v) {
  if (is.list(v)) return(paste0("{", paste0('"', names(v), '": ', sapply(v, json), collapse = ", "), "}"))
  if (is.character(v)) return(paste0('"', v, '"'))
  s <- formatC(v, digits = 15, format = "g")
  if (length(s) == 1) trimws(s) else paste0("[", paste(trimws(s), collapse = ", "), "]")
}
writeLines(json(out), "tests/parity/references/generalised_propensity.json")
