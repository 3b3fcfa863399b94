# State occupancy and mean time in states with robust standard errors, with R's survival.
# Rscript tests/parity/r/multistate.R (from the project's root)
library(survival)
library(jsonlite)
times <- c(20, 90, 180, 365)
rows <- function(d) list(
  id = d$id, entry = d$entry, exit = d$exit, state = d$state, to = ifelse(d$to == "none", "", d$to), w = d$w
)
one <- function(d, states, weighted) {
  d$event <- factor(d$to, c("none", states))
  d$from <- factor(d$state, states)
  d$use <- if (weighted) d$w else 1
  fit <- survfit(Surv(entry, exit, event) ~ 1, d, id = id, istate = from, weights = use, influence = TRUE)
  s <- summary(fit, times = times, extend = TRUE)
  at <- match(states, fit$states)
  days <- lapply(times, function(t) summary(fit, rmean = t)$table[at, c("rmean", "se(rmean)")])
  # its standard error leaves the weights out: with them, from R's influence on the shares, integrated
  own <- d$use[!duplicated(d$id)]
  errors <- function(weight) t(sapply(times, function(t) {
    begins <- pmin(c(0, fit$time), t)
    before <- fit$influence.pstate
    sqrt(colSums((weight * apply(before, 3, function(m) m %*% diff(c(begins, t))))^2))
  }))[, at]
  printed <- t(sapply(days, function(m) m[, 2]))
  stopifnot(all.equal(unname(errors(1)), unname(printed)))
  list(
    share = s$pstate[, at], share_se = s$std.err[, at],
    days = t(sapply(days, function(m) m[, 1])), days_se = unname(errors(own)), days_se_without_weights = unname(printed)
  )
}
# in treatment, out of it, and back to use, from the public data of UIS: those out of treatment cannot come back
uis <- read.csv("data/uis/uis.csv")
uis$w <- round(0.5 + (uis$ID * 37) %% 100 / 50, 2)
stay <- pmin(uis$LEN.T, uis$TIME)
out <- uis$LEN.T < uis$TIME
illness <- rbind(
  data.frame(
    id = uis$ID, entry = 0, exit = stay, state = "care",
    to = ifelse(out, "out", ifelse(uis$CENSOR == 1, "use", "none")), w = uis$w
  ),
  data.frame(
    id = uis$ID, entry = uis$LEN.T, exit = uis$TIME, state = "out", to = ifelse(uis$CENSOR == 1, "use", "none"),
    w = uis$w
  )[out, ]
)
illness <- illness[illness$exit > illness$entry, ]
# there and back between three states and death, invented: whole days with ties; some enter late, after the first move,
# so that where people begin is told by those who are there on day 0, as here
set.seed(5)
states <- c("residential", "iop", "out", "dead")
back <- do.call(rbind, lapply(1:120, function(i) {
  at <- if (i %% 6 == 0) sample(5:15, 1) else 0
  state <- sample(states[1:3], 1, prob = c(0.5, 0.4, 0.1))
  end <- sample(200:400, 1)
  found <- NULL
  while (at < end && state != "dead") {
    leave <- if (i == 1 && at == 0) 3 else at + 1 + rpois(1, c(residential = 30, iop = 60, out = 90)[[state]])
    to <- if (leave > end) "none" else sample(setdiff(states, state), 1, prob = c(0.45, 0.45, 0.1))
    found <- rbind(found, data.frame(id = i, entry = at, exit = min(leave, end), state = state, to = to))
    at <- min(leave, end)
    state <- to
    if (to == "none") break
  }
  found$w <- round(runif(1, 0.3, 3), 2)
  found
}))
stopifnot(all(survcheck(Surv(entry, exit, factor(to, c("none", states))) ~ 1, back, id = id, istate = state)$flag == 0))
write_json(list(
  R = R.version.string, survival = as.character(packageVersion("survival")), times = times, states = states,
  rows = rows(back), plain = one(back, states, FALSE), weighted = one(back, states, TRUE),
  uis_states = c("care", "out", "use"), uis_rows = rows(illness),
  uis = one(illness, c("care", "out", "use"), FALSE), uis_weighted = one(illness, c("care", "out", "use"), TRUE)
), "tests/parity/references/multistate.json", digits = I(12), auto_unbox = TRUE)
