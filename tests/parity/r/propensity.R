# Weighted differences with the estimation of the score counted, for every kind of weights: data/uis/uis.csv, 575 rows,
# arm: recent injecting, outcome LEN.T. Run from the project's root:  Rscript tests/parity/r/propensity.R
# Standard errors by a sandwich of the stacked estimating equations, differentiated numerically.
uis <- read.csv("data/uis/uis.csv")
x <- model.matrix(~ AGE + BECK + NDT + RACE + SITE, uis)
z <- as.numeric(uis$IV == 3)
y <- uis$LEN.T
b <- coef(glm(z ~ x - 1, family = binomial, control = list(epsilon = 1e-14, maxit = 100)))
tilts <- list(
  iptw_unstabilised = function(s) rep(1, length(s)), att = function(s) s, atc = function(s) 1 - s,
  overlap = function(s) s * (1 - s), matching = function(s) pmin(s, 1 - s),
  entropy = function(s) -s * log(s) - (1 - s) * log(1 - s)
)
one <- function(h, truncated = NULL) {
  raw <- function(p) { s <- as.vector(plogis(x %*% p)); h(s) / ifelse(z == 1, s, 1 - s) * ifelse(z == 1, mean(z), 1 - mean(z)) }
  limits <- if (is.null(truncated)) c(0, Inf) else quantile(raw(b), truncated, type = 7)
  weigh <- function(p) pmin(pmax(raw(p), limits[1]), limits[2])
  w <- weigh(b)
  mu <- c(weighted.mean(y[z == 1], w[z == 1]), weighted.mean(y[z == 0], w[z == 0]))
  psi <- function(t) {
    w <- weigh(t[-(1:2)])
    cbind(z * w * (y - t[1]), (1 - z) * w * (y - t[2]), as.vector(z - plogis(x %*% t[-(1:2)])) * x)
  }
  theta <- c(mu, b)
  a <- sapply(seq_along(theta), function(j) {
    h <- 1e-6 * max(1, abs(theta[j])); up <- down <- theta; up[j] <- up[j] + h; down[j] <- down[j] - h
    (colSums(psi(up)) - colSums(psi(down))) / (2 * h)
  })
  v <- solve(a) %*% crossprod(psi(theta)) %*% t(solve(a))
  c(mu[1] - mu[2], sqrt(v[1, 1] + v[2, 2] - 2 * v[1, 2]))
}
found <- lapply(tilts, one)
found$iptw_truncated <- one(tilts$iptw_unstabilised, c(0.01, 0.99))
cells <- sapply(names(found), function(k) sprintf('"%s": [%.12g, %.12g]', k, found[[k]][1], found[[k]][2]))
writeLines(paste0('{"about": "Difference and stacked standard error; made by tests/parity/r/propensity.R.", ',
  '"R": "', R.version.string, '", "tolerance": 1e-6, "values": {', paste(cells, collapse = ", "), "}}"),
  "tests/parity/references/propensity.json")
