# Two hundred specifications: Rscript specifications.R <each|shared> <file.csv>
# each: the score is fitted for every one; shared: once for each definition of the arms.
# Prints {"seconds", "mb", "value", "error"}; seconds are of the processor, and reading the file is not timed.
suppressMessages(library(data.table))
setDTthreads(1)
asked <- commandArgs(trailingOnly = TRUE)
d <- as.data.frame(fread(asked[2], showProgress = FALSE))
score <- function(arm) {
  glm(reformulate(grep("^x", names(d), value = TRUE), arm), binomial, d, control = list(epsilon = 1e-12))
}
tilt <- list(iptw = function(e) 0 * e + 1, truncated = function(e) 0 * e + 1, overlap = function(e) e * (1 - e),
             matching = function(e) pmin(e, 1 - e), entropy = function(e) -(e * log(e) + (1 - e) * log(1 - e)))
slope <- list(iptw = function(e) 0 * e, truncated = function(e) 0 * e, overlap = function(e) 1 - 2 * e,
              matching = function(e) ifelse(e < 0.5, 1, -1), entropy = function(e) log((1 - e) / e))

specification <- function(f, arm, y, kind, seen) {
  a <- d[[arm]]
  e <- fitted(f)
  own <- ifelse(a == 1, e, 1 - e)
  share <- if (kind %in% c("iptw", "truncated")) ifelse(a == 1, mean(a), 1 - mean(a)) else 1
  w <- share * tilt[[kind]](e) / own
  # of the weight, by the linear predictor of the score
  moves <- share * e * (1 - e) * (slope[[kind]](e) / own - tilt[[kind]](e) / own^2 * ifelse(a == 1, 1, -1))
  if (kind == "truncated") {
    limits <- quantile(w, c(0.01, 0.99))
    moves <- moves * (w >= limits[1] & w <= limits[2])
    w <- pmin(pmax(w, limits[1]), limits[2])
  }
  there <- if (seen) y >= 0 else rep(TRUE, length(y))
  y <- pmax(y, 0)
  one <- a == 1 & there
  none <- a == 0 & there
  m <- c(sum(w[one] * y[one]) / sum(w[one]), sum(w[none] * y[none]) / sum(w[none]))
  by_weight <- one * (y - m[1]) / sum(w[one]) - none * (y - m[2]) / sum(w[none])
  x <- model.matrix(f)
  through <- solve(crossprod(x, x * e * (1 - e)), colSums(x * moves * by_weight))
  influence <- w * by_weight + (x * (a - e)) %*% through
  c(m[1] - m[2], sqrt(sum(influence^2)))
}

spent <- function() sum(proc.time()[c("user.self", "sys.self")])
start <- spent()
found <- NULL
for (arm in grep("^a", names(d), value = TRUE)) {
  f <- if (asked[1] == "shared") score(arm)
  for (kind in names(tilt)) for (y in grep("^y", names(d), value = TRUE)) for (seen in c(TRUE, FALSE)) {
    found <- rbind(found, specification(if (is.null(f)) score(arm) else f, arm, d[[y]], kind, seen))
  }
}
seconds <- spent() - start
peak <- as.numeric(sub("\\D*(\\d+).*", "\\1", grep("VmHWM", readLines("/proc/self/status"), value = TRUE))) / 1024
found <- colMeans(found)
cat(sprintf('{"seconds": %.4f, "mb": %.1f, "value": %.12g, "error": %.12g}\n', seconds, peak, found[1], found[2]))
