# TEDS-D: data.table's fread and the same recoding. Rscript tedsd_fread.R FILE LOOKUPS
suppressPackageStartupMessages(library(data.table))
setDTthreads(2)
arguments <- commandArgs(TRUE)
lookups <- split(fread(arguments[2]), by = "column")
# codes begin at -9: place 17 + code holds what the code becomes
lookups <- lapply(lookups, function(l) {
  place <- rep(NA_integer_, 64)
  place[17L + l$code] <- l$place
  levels <- rep("", max(l$place))
  levels[l$place] <- l$word
  list(variable = l$variable[1], place = place, levels = make.unique(levels))
})
begun <- proc.time()[["elapsed"]]
d <- fread(arguments[1])
d <- d[SERVICES %in% 3:7]
for (name in names(lookups)) {
  l <- lookups[[name]]
  set(d, j = paste0("new_", name), value = structure(l$place[17L + d[[l$variable]]], levels = l$levels, class = "factor"))
}
seconds <- proc.time()[["elapsed"]] - begun
status <- readLines("/proc/self/status")
mb <- as.numeric(gsub("[^0-9]", "", status[grepl("^VmHWM", status)])) / 1e3
value <- nrow(d) + sum(vapply(names(lookups), function(n) sum(as.numeric(as.integer(d[[paste0("new_", n)]])), na.rm = TRUE), 0))
cat(sprintf('{"seconds": %.6f, "mb": %.3f, "value": %.1f}\n', seconds, mb, value))
