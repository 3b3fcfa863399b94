# Reference values for generalised propensity scores of three arms: history of injecting (never, previous, recent) in
# data/uis/uis.csv, 575 rows. Run from the project's root:  Rscript tests/parity/r/multinomial.R
# Coefficients by nnet::multinom; weights by the formulas of Li & Li (2019), written out; standard errors of the three
# weighted means by a sandwich of the stacked estimating equations, differentiated numerically.
library(nnet)

uis <- read.csv("data/uis/uis.csv")
x <- model.matrix(~ AGE + BECK + NDT + RACE, uis)
z <- uis$IV
y <- uis$LEN.T
k <- 3
fit <- multinom(factor(z) ~ AGE + BECK + NDT + RACE, uis, trace = FALSE, maxit = 10000, reltol = 1e-15, abstol = 1e-15, Hess = TRUE)
beta <- coef(fit)

scores <- function(b) {
  eta <- cbind(0, x %*% t(matrix(b, k - 1)))
  exp(eta) / rowSums(exp(eta))
}
# two Newton steps take the coefficients to full precision
psi_beta <- function(b) {
  e <- scores(b)
  r <- sapply(2:k, function(a) (z == a) - e[, a])
  do.call(cbind, lapply(seq_len(ncol(x)), function(j) r * x[, j]))  # in the order of as.vector(beta)
}
by_arm <- as.vector(t(matrix(seq_along(beta), k - 1)))
gradient <- function(b) colSums(psi_beta(b))
numeric_jacobian <- function(f, at) {
  sapply(seq_along(at), function(j) {
    h <- 1e-5 * max(1, abs(at[j])); up <- down <- at; up[j] <- at[j] + h; down[j] <- at[j] - h
    (f(up) - f(down)) / (2 * h)
  })
}
b <- as.vector(beta)
for (i in 1:3) b <- b - solve(numeric_jacobian(gradient, b), gradient(b))
covariance <- solve(-numeric_jacobian(gradient, b))

tilts <- list(
  ate = function(e) rep(1, nrow(e)),
  att = function(e) e[, 1],
  overlap = function(e) 1 / rowSums(1 / e),
  matching = function(e) apply(e, 1, min),
  entropy = function(e) -rowSums(e * log(e))
)
weighted <- lapply(tilts, function(h) {
  weigh <- function(b) { e <- scores(b); h(e) / e[cbind(seq_along(z), z)] }
  w <- weigh(b)
  mu <- sapply(1:k, function(a) weighted.mean(y[z == a], w[z == a]))
  psi <- function(t) {
    m <- t[1:k]; p <- t[-(1:k)]; w <- weigh(p)
    cbind(sapply(1:k, function(a) (z == a) * w * (y - m[a])), psi_beta(p))
  }
  theta <- c(mu, b)
  bread <- solve(numeric_jacobian(function(t) colSums(psi(t)), theta))
  v <- bread %*% crossprod(psi(theta)) %*% t(bread)
  list(mean = mu, se = sqrt(diag(v))[1:k], se_first_minus_third = sqrt(v[1, 1] + v[3, 3] - 2 * v[1, 3]),
       weight_sum = sum(w), weight_max = max(w))
})
out <- list(
  about = "Generalised propensity scores of three arms on data/uis/uis.csv; made by tests/parity/r/multinomial.R.",
  R = R.version.string, packages = list(nnet = as.character(packageVersion("nnet"))), tolerance = 1e-6,
  coefficient = as.vector(t(matrix(b, k - 1))), multinom = as.vector(t(beta)),
  standard_error = sqrt(diag(covariance))[by_arm], loglik = as.numeric(logLik(fit)), weighted = weighted
)
json <- function(v) {
  if (is.list(v)) return(paste0("{", paste0('"', names(v), '": ', sapply(v, json), collapse = ", "), "}"))
  if (is.character(v)) return(paste0('"', v, '"'))
  s <- formatC(v, digits = 15, format = "g")
  if (length(s) == 1) trimws(s) else paste0("[", paste(trimws(s), collapse = ", "), "]")
}
writeLines(json(out), "tests/parity/references/multinomial.json")
