# Three endpoints of use patterns, person by person, as R users compute them: a text per person, rows one at a time.
# Rscript benchmarks/peers/endpoints.R <file>; prints {"seconds", "mb", "values"}: CPU seconds, peak, and the mean of each.
suppressMessages({library(dplyr); library(stringr)})

# share of negative weeks, mixed ones as half
negative_share <- function(word) {
  (str_count(word, fixed("-")) + 0.5 * str_count(word, fixed("*"))) / str_length(word)
}
# first week of four in a row that count as use, or the last in which they could begin
relapse_week <- function(word) {
  used <- str_split(str_replace_all(word, "[o*]", "+"), "")[[1]] == "+"
  last <- length(used) - 3
  for (week in seq_len(last)) if (sum(used[week:(week + 3)]) == 4) return(week)
  last
}
# most negative weeks in a row
longest_run <- function(word) {
  max(str_length(str_split(str_replace_all(word, "[o*]", "+"), fixed("+"))[[1]]))
}

people <- tibble(word = readLines(commandArgs(TRUE)[1]))
start <- proc.time()
found <- people %>%
  rowwise() %>%
  mutate(share = negative_share(word), relapse = relapse_week(word), longest = longest_run(word)) %>%
  ungroup()
used <- proc.time() - start
mb <- as.numeric(gsub("[^0-9]", "", grep("VmHWM", readLines("/proc/self/status"), value = TRUE))) / 1024
cat(sprintf('{"seconds": %.4f, "mb": %.1f, "values": [%.12f, %.12f, %.12f]}\n', used[["user.self"]] + used[["sys.self"]], mb,
            mean(found$share), mean(found$relapse), mean(found$longest)))
