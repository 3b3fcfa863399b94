# Pseudo-observations of R's survival: infinitesimal jackknife values of a Kaplan-Meier probability, of an
# Aalen-Johansen probability and of a restricted mean:
#   Rscript tests/parity/r/pseudo.R > tests/parity/reference_pseudo.json
suppressPackageStartupMessages(library(survival))
data <- survival::mgus2
data$time <- data$ptime
data$cause <- with(data, ifelse(pstat == 1, 1, ifelse(death == 1, 2, 0)))
data$time <- with(data, ifelse(pstat == 0, futime, ptime))
data <- data[seq(1, nrow(data), by = 12), c("time", "cause")]
plain <- survfit(Surv(time, cause > 0) ~ 1, data)
multi <- survfit(Surv(time, factor(cause, 0:2, c("censor", "progression", "death"))) ~ 1, data)
show <- function(x) paste0("[", paste(format(x, digits = 15), collapse = ", "), "]")
cat("{\n",
    '"version": "R ', as.character(getRversion()), ", survival ", as.character(packageVersion("survival")), '",\n',
    '"time": ', show(data$time), ',\n"cause": ', show(data$cause), ",\n",
    '"survival_60": ', show(as.numeric(pseudo(plain, times = 60, type = "pstate"))), ",\n",
    '"restricted_mean_60": ', show(as.numeric(pseudo(plain, times = 60, type = "rmst"))), ",\n",
    '"cause_2_by_60": ', show(as.numeric(pseudo(multi, times = 60, type = "pstate")[, 3])), "\n}\n", sep = "")
