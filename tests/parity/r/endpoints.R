# References for times to relapse, dropout and first use of the three trials of CTN-0094, as CTNote computes them.
# Rscript tests/parity/r/endpoints.R FOLDER > tests/parity/references/endpoints.json
# FOLDER holds published_endpoints.csv (CTNote's outcomesCTN0094) and ctn0094_randomization.csv (public.ctn0094data).
suppressMessages({library(survival); library(jsonlite)})
folder <- commandArgs(TRUE)[1]
read <- function(name) read.csv(file.path(folder, name))
d <- subset(read("ctn0094_randomization.csv"), which == 1, c(who, treatment))
d <- merge(read("published_endpoints.csv"), d, by = "who")
# dropout, whose columns are not in the file: four missed weeks in a row, or the last week in which they could begin
begin <- as.integer(regexpr("oooo", d$usePatternUDS, fixed = TRUE))
d$DrE_ctnNinetyFour_2023 <- as.integer(begin > 0)
d$DrT_ctnNinetyFour_2023 <- ifelse(begin > 0, begin, nchar(d$usePatternUDS) - 3)
arms <- list(
  inpatient_vs_outpatient = list(c("Inpatient BUP", "Inpatient NR-NTX"),
                                 c("Methadone", "Outpatient BUP", "Outpatient BUP + EMM", "Outpatient BUP + SMM")),
  naltrexone_vs_buprenorphine = list("Inpatient NR-NTX", "Inpatient BUP"),
  methadone_vs_buprenorphine = list("Methadone", "Outpatient BUP"),
  enhanced_vs_standard_counselling = list("Outpatient BUP + EMM", "Outpatient BUP + SMM")
)
endpoints <- c("Rs_ctnNinetyFour_2023", "Rs_schottenfeld_2008", "Ab_schottenfeldA_2008", "Ab_shufman_1994",
               "Dr_ctnNinetyFour_2023")
column <- function(endpoint, letter) sub("_", paste0(letter, "_"), endpoint)
ratio <- function(endpoint, sides, late = 0) {
  s <- d[d$treatment %in% unlist(sides), ]
  time <- s[[column(endpoint, "T")]]; event <- s[[column(endpoint, "E")]]
  # late: weeks for which people without the event are kept at risk after it could begin
  first <- as.integer(s$treatment %in% sides[[1]])
  f <- coxph(Surv(time + late * (1 - event), event) ~ first)
  list(hazard_ratio = exp(coef(f))[[1]], std_error = sqrt(vcov(f))[[1]])
}
cat(toJSON(list(
  ratios = lapply(arms, function(sides) sapply(endpoints, ratio, sides = sides, simplify = FALSE)),
  three_weeks_late = lapply(arms, function(sides) ratio("Rs_ctnNinetyFour_2023", sides, late = 3))
), digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
