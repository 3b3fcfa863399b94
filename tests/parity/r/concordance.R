# References for Harrell's and Uno's C with ties, weights, clusters and a horizon.
# Rscript tests/parity/r/concordance.R > tests/parity/references/concordance.json
suppressMessages({library(survival); library(jsonlite)})
set.seed(1982)
n <- 150
score <- round(rnorm(n), 1); time <- ceiling(8 * rexp(n, exp(0.6 * score))); event <- rbinom(n, 1, 0.65)
weight <- round(runif(n, 0.3, 2), 3); site <- sample(1:20, n, replace = TRUE)
ward <- site %% 4
fit <- function(..., strata = FALSE) {
  form <- if (strata) Surv(time, event) ~ score + strata(ward) else Surv(time, event) ~ score
  f <- concordance(form, reverse = TRUE, ...)
  count <- if (strata) colSums(f$count) else f$count
  list(c = unname(f$concordance), se = sqrt(unname(f$var)), count = as.list(count))
}
values <- list(
  harrell = fit(), uno = fit(timewt = "n/G2"), harrell_horizon = fit(ymax = 8),
  uno_horizon = fit(timewt = "n/G2", ymax = 8), harrell_weighted = fit(weights = weight),
  uno_weighted = fit(timewt = "n/G2", weights = weight), harrell_sites = fit(cluster = site),
  harrell_strata = fit(strata = TRUE), uno_strata_weighted = fit(strata = TRUE, timewt = "n/G2", weights = weight)
)
cat(toJSON(list(data = list(score = score, time = time, event = event, weight = weight, site = site), values = values),
           digits = NA, auto_unbox = TRUE), "\n")
