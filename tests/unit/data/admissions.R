# The admissions of test_deidentify_formats.py as a data frame of R (Rscript admissions.R in this folder).
i <- 0:23
day <- as.Date("2023-01-01")
d <- data.frame(MRN = paste0("M", 100 + i %/% 2))
d$PATNAME <- "Zo\u00eb Marker"
d$ADMIT <- day + 17 * i
d$LEFT_ON <- replace(day + 17 * i + 5 + i, i %% 5 == 0, NA)
d$LEVEL <- factor(c("2.1", "3.5")[i %% 2 + 1])
d$HOURS <- c(9.5, 40, NA)[i %% 3 + 1]
d$ZIP <- c(2118L, 3601L)[i %/% 2 %% 2 + 1]
d$AGE <- c(31 + (0:21) %/% 2, 92, 92)
saveRDS(d, "admissions.rds")
