# What R keeps in a data frame, for test_r_files.py: made by R 4.2.2 (Rscript columns.R in this folder).
d <- data.frame(id = 1:3)
d$seq_text <- as.character(1001:1003)               # a deferred string of a sequence
d$text <- as.character(c(1.5, 1e5, NA))             # a deferred string of numbers
d$whole_text <- as.character(c(100000L, 7L, NA))
d$sorted <- sort(c("b", "c", "a"))                  # a wrapped vector
d$date <- as.Date(c("2024-01-05", "1959-12-31", NA))
d$whole_date <- structure(c(19727L, -3654L, NA), class = "Date")
d$utc <- as.POSIXct(c("2024-01-05 10:30:45", "1959-12-31 00:00:00", NA), tz = "UTC")
d$york <- as.POSIXct(c("2024-01-05 22:30:45", "1959-12-31 00:00:00", NA), tz = "America/New_York")
d$zoneless <- structure(c(1704450645, 0, NA), class = c("POSIXct", "POSIXt"))
d$parts <- as.POSIXlt(d$york)
d$mins <- as.difftime(c(90, 2175, NA), units = "mins")
d$hours <- as.difftime(c(1.5, 36.25, NA), units = "hours")
d$weeks <- as.difftime(c(2, 1, NA), units = "weeks")
d$hms <- structure(c(5400, 130500, NA), class = c("hms", "difftime"), units = "secs")
d$month <- structure(c(2024, 1959 + 11 / 12, NA), class = "yearmon")
d$quarter <- structure(c(2024, 1959.75, NA), class = "yearqtr")
d$label <- factor(c("b", "a", NA), levels = c("a", "b"))
d$flag <- c(TRUE, FALSE, NA)
d$number <- c(0.5, -2, NA)
attr(d, "of_readr") <- new.env(parent = emptyenv())  # what packages hang on a data frame, and is no data
saveRDS(d, "columns.rds")
saveRDS(d, "columns_2.rds", version = 2)
people <- d
save(people, file = "columns.RData")
visits <- d["id"]
save(people, visits, file = "two.RData")
