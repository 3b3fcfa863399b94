# A marginal structural model, or clone-censor-weight, on person-weeks: Rscript histories.R <work> <file.csv>
# Prints {"seconds", "mb", "value", "error"}; seconds are of the processor, and reading the file is not
# timed. Errors take the weights as known.
suppressMessages(library(data.table))
setDTthreads(1)
asked <- commandArgs(trailingOnly = TRUE)
d <- fread(asked[2], showProgress = FALSE)
weeks <- max(d$week)

log_chance <- function(right, taken, there) {  # log of the chance of what was done
  d$taken <- taken
  f <- glm(as.formula(paste("taken ~", right)), binomial, d[there], control = list(epsilon = 1e-10))
  p <- fitted(f)
  log(ifelse(taken[there], p, 1 - p))
}

structural <- function() {
  # mean under a history of 9 to 20 hours in all weeks
  stable <- "week + last + severity + age + site"
  log_weight <- numeric(nrow(d))
  for (beyond in 0:4) {
    there <- d$category >= beyond
    taken <- d$category > beyond
    log_weight[there] <- log_weight[there] + log_chance(stable, taken, there) -
      log_chance(paste(stable, "+ used + craving"), taken, there)
  }
  d[, lw := log_weight]
  people <- d[, .(y = y[1], severity = severity[1], age = age[1], site = site[1], w = exp(sum(lw)),
                  c1 = sum(category == 1), c2 = sum(category == 2), c3 = sum(category == 3), c4 = sum(category == 4),
                  c5 = sum(category == 5)), keyby = person]
  f <- suppressWarnings(glm(y ~ c1 + c2 + c3 + c4 + c5 + severity + age + site, binomial, people, weights = w,
                            control = list(epsilon = 1e-12)))
  x <- model.matrix(f)
  at <- x
  at[, c("c1", "c2", "c3", "c5")] <- 0
  at[, "c4"] <- weeks
  mean_at <- plogis(at %*% coef(f))[, 1]
  by <- colMeans(at * mean_at * (1 - mean_at))
  bread <- solve(crossprod(x, x * people$w * fitted(f) * (1 - fitted(f))))
  influence <- (mean_at - mean(mean_at)) / nrow(x) + (people$w * (people$y - fitted(f)) * x) %*% (bread %*% by)
  c(mean(mean_at), sqrt(sum(influence^2)))
}

cloned <- function() {
  # means had everyone stayed 13 weeks or more, and left in week 4
  right <- "week + severity + age + site + used + craving + last"
  d <<- d[there == 1]
  dropped <- d$dropped == 1
  done <- d$done == 1
  possible <- d$week >= 8 & !dropped
  f <- glm(as.formula(paste("dropped ~", right)), binomial, d, control = list(epsilon = 1e-10))
  stay <- log(1 - fitted(f))
  g <- glm(as.formula(paste("done ~", right)), binomial, d[possible], control = list(epsilon = 1e-10))
  completing <- ifelse(d$week >= 8, predict(g, d, type = "response"), 0)
  d[, staying := stay + log(1 - completing)]
  d[, left := dropped | done]
  means <- lapply(list(stay = c(13, Inf), four = c(4, 4)), function(between) {
    p <- d[, .(y = y[1], last = max(week),
               lw = -sum(staying[week < between[1]]) -
                 if (is.finite(between[2])) sum(log(1 - exp(staying[week == between[2]]))) else 0), keyby = person]
    p <- p[last >= between[1] & last <= between[2]]
    m <- sum(exp(p$lw) * p$y) / sum(exp(p$lw))
    c(m, sqrt(sum((exp(p$lw) * (p$y - m))^2)) / sum(exp(p$lw)))
  })
  means$stay
}

spent <- function() sum(proc.time()[c("user.self", "sys.self")])
start <- spent()
found <- list(structural = structural, cloned = cloned)[[asked[1]]]()
seconds <- spent() - start
peak <- as.numeric(sub("\\D*(\\d+).*", "\\1", grep("VmHWM", readLines("/proc/self/status"), value = TRUE))) / 1024
cat(sprintf('{"seconds": %.4f, "mb": %.1f, "value": %.12g, "error": %.12g}\n', seconds, peak, found[1], found[2]))
