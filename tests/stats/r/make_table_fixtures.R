# Figures of R (stats, rms) that the tests of calibration_curve, tables and nomogram compare with.
#
# Rscript make_table_fixtures.R     in this folder; made with R 4.2.2 and rms 6.5.0 (Debian r-base-core, r-cran-rms).
#
# Inputs are written first and read again, so that what R works on is what stands in the files, to 15 digits.

suppressMessages(library(rms))
set.seed(20250618, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

number <- function(x) ifelse(is.na(x), "", formatC(as.numeric(x), digits = 15, format = "g", width = 1))
write <- function(frame, name) {
  frame[] <- lapply(frame, function(column) if (is.numeric(column)) number(column) else as.character(column))
  write.csv(frame, name, row.names = FALSE, quote = FALSE)
}
record <- function(group, values) {
  data.frame(set = group, figure = names(values), value = as.numeric(values))
}

# Calibration: sets of probabilities and outcomes ------------------------------------------------------------------
drawn <- function(p, slope, shift) rbinom(length(p), 1, plogis(slope * qlogis(p) + shift))
scores <- plogis(rnorm(220, 0.5, 1.2))
tenths <- round(pmin(pmax(plogis(rnorm(150)), 0.02), 0.98), 1)
tenths[tenths == 0 | tenths == 1] <- 0.5
levels <- sample(plogis(c(-1.3, -0.4, 0.2, 0.9, 1.7)), 120, TRUE)
certain <- c(plogis(rnorm(96, 0, 2)), 0, 0, 1, 1)
patients <- rbind(
  data.frame(set = "overconfident", probability = scores, outcome = drawn(scores, 0.5, 0.3)),
  data.frame(set = "tenths", probability = tenths, outcome = drawn(tenths, 1, -0.5)),
  data.frame(set = "levels", probability = levels, outcome = drawn(levels, 1.3, 0)),
  data.frame(set = "certain", probability = certain, outcome = c(drawn(certain[1:96], 1, 0), 0, 1, 1, 1))
)
write(patients, "calibration_patients.csv")
patients <- read.csv("calibration_patients.csv")

calibration_figures <- function(p, y) {
  inside <- p > 0 & p < 1
  logit <- qlogis(p[inside])
  exact <- glm.control(epsilon = 1e-15, maxit = 100)
  both <- glm(y[inside] ~ logit, family = binomial, control = exact)
  shift <- glm(y[inside] ~ offset(logit), family = binomial, control = exact)
  found <- suppressWarnings(val.prob(p, y, pl = FALSE))
  c(
    slope = coef(both)[[2]], slope_low = confint.default(both)[2, 1], slope_high = confint.default(both)[2, 2],
    intercept = coef(both)[[1]], intercept_low = confint.default(both)[1, 1],
    intercept_high = confint.default(both)[1, 2], in_the_large = coef(shift)[[1]],
    in_the_large_low = confint.default(shift)[1], in_the_large_high = confint.default(shift)[2],
    left_out = sum(!inside), rms_slope = found[["Slope"]], rms_intercept = found[["Intercept"]],
    rms_brier = found[["Brier"]], rms_e_max = found[["Emax"]], rms_e_90 = found[["E90"]], rms_e_avg = found[["Eavg"]]
  )
}

binned <- function(p, y, bin, set, strategy) {
  n <- tapply(y, bin, length)
  k <- tapply(y, bin, sum)
  limits <- t(mapply(function(k, n) suppressWarnings(prop.test(k, n, correct = FALSE))$conf.int, k, n))
  data.frame(
    set = set, strategy = strategy, predicted = as.numeric(tapply(p, bin, mean)), observed = as.numeric(k / n),
    low = limits[, 1], high = limits[, 2], n = as.numeric(n)
  )
}

figures <- bins <- smooth <- NULL
for (set in unique(patients$set)) {
  p <- patients$probability[patients$set == set]
  y <- patients$outcome[patients$set == set]
  figures <- rbind(figures, record(set, calibration_figures(p, y)))
  equal <- cut(p, seq(0, 1, 0.1), include.lowest = TRUE, right = TRUE, labels = FALSE)
  bins <- rbind(bins, binned(p, y, equal, set, "equal"))
  bins <- rbind(bins, binned(p, y, floor(10 * (rank(p) - 0.5) / length(p)), set, "quantile"))
  bins <- rbind(bins, binned(p, y, match(p, sort(unique(p))), set, "distinct"))
  line <- lowess(p, y, iter = 0)
  first <- !duplicated(line$x)
  smooth <- rbind(smooth, data.frame(set = set, predicted = line$x[first], observed = line$y[first]))
}
write(figures, "calibration_figures.csv")
write(bins, "calibration_bins.csv")
write(smooth, "calibration_smooth.csv")

# Characteristics: cohorts and outcomes of a study -----------------------------------------------------------------
n <- 260
study <- data.frame(
  cohort = sample(c("training", "internal", "external"), n, TRUE, c(0.7, 0.2, 0.1)),
  age = as.character(round(rnorm(n, 50, 10))),
  size = number(round(rlnorm(n, 3, 0.4), 1)),
  t_stage = sample(1:4, n, TRUE, c(0.3, 0.5, 0.15, 0.05)),
  bi_rads = sample(c("4A", "4B", "4C", "5"), n, TRUE, c(0.15, 0.25, 0.3, 0.3)),
  invasion = sample(c("yes", "no", "unknown"), n, TRUE, c(0.3, 0.6, 0.1)),
  receptor = sample(c("positive", "negative", ""), n, TRUE, c(0.65, 0.3, 0.05))
)
study$age[sample(n, 12)] <- ""
risk <- -1.6 + 0.45 * study$t_stage + 0.5 * (study$bi_rads == "5") + 0.03 * (as.numeric(study$size) - 20)
study$outcome <- rbinom(n, 1, plogis(risk))
write(study, "table_patients.csv")
study <- read.csv("table_patients.csv", colClasses = c(age = "numeric", size = "numeric"), na.strings = "",
                  stringsAsFactors = FALSE)
study$t_stage <- as.character(study$t_stage)

tested <- function(by) {
  group <- study[[by]]
  rows <- NULL
  for (name in c("age", "size")) {
    found <- if (length(unique(group)) == 2) {
      ordered <- split(study[[name]], factor(group, unique(group)))
      wilcox.test(ordered[[1]], ordered[[2]], exact = FALSE)
    } else kruskal.test(study[[name]], factor(group))
    rows <- rbind(rows, data.frame(by = by, variable = name, statistic = found$statistic[[1]], p = found$p.value))
  }
  for (name in c("t_stage", "bi_rads", "invasion", "receptor")) {
    found <- suppressWarnings(chisq.test(table(study[[name]], group), correct = FALSE))
    rows <- rbind(rows, data.frame(by = by, variable = name, statistic = found$statistic[[1]], p = found$p.value))
  }
  rows
}
write(rbind(tested("cohort"), tested("outcome")), "table_tests.csv")

spread <- function(name, group, members) {
  values <- study[[name]][members]
  data.frame(variable = name, group = group, n = sum(!is.na(values)), missing = sum(is.na(values)),
             median = median(values, na.rm = TRUE), lower = quantile(values, 0.25, na.rm = TRUE)[[1]],
             upper = quantile(values, 0.75, na.rm = TRUE)[[1]])
}
spreads <- NULL
for (name in c("age", "size")) {
  spreads <- rbind(spreads, spread(name, "total", TRUE))
  for (cohort in unique(study$cohort)) spreads <- rbind(spreads, spread(name, cohort, study$cohort == cohort))
}
write(spreads, "table_spreads.csv")

shares <- NULL
for (name in c("t_stage", "bi_rads", "invasion", "receptor")) {
  counts <- table(study[[name]], study$cohort)
  for (cohort in unique(study$cohort)) {
    shares <- rbind(shares, data.frame(variable = name, level = rownames(counts), group = cohort,
                                       count = as.numeric(counts[, cohort]),
                                       share = as.numeric(prop.table(counts, 2)[, cohort])))
  }
}
write(shares, "table_shares.csv")

# Nomogram ---------------------------------------------------------------------------------------------------------
drawn_nomogram <- function(name, formula) {
  patients <- study[complete.cases(study[all.vars(formula)]), ]
  study_ranges <<- datadist(patients)
  options(datadist = "study_ranges")
  fit <- lrm(formula, patients, x = TRUE, y = TRUE, eps = 1e-12)
  at <- c(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
  drawing <- nomogram(fit, fun = plogis, fun.at = at, funlabel = "probability")
  info <- attr(drawing, "info")
  rows <- data.frame(model = name, axis = "coefficient", label = names(coef(fit)), value = as.numeric(coef(fit)))
  for (variable in all.vars(formula)[-1]) {
    marks <- drawing[[variable]]
    rows <- rbind(rows, data.frame(model = name, axis = variable, label = as.character(marks[[variable]]),
                                   value = as.numeric(marks$points)))
  }
  total <- drawing$total.points$x
  rbind(
    rows,
    data.frame(model = name, axis = "total", label = as.character(total), value = total),
    data.frame(model = name, axis = "probability", label = as.character(drawing$probability$x.real),
               value = drawing$probability$x),
    data.frame(model = name, axis = "scale", label = c("scale", "base"),
               value = c(info$sc, as.numeric(info$Intercept)))
  )
}
write(rbind(
  drawn_nomogram("clinical", outcome ~ bi_rads + t_stage),
  drawn_nomogram("numbers", outcome ~ size + t_stage + age),
  drawn_nomogram("single", outcome ~ size)
), "nomogram.csv")

ranges <- data.frame(low = c(0, 0, 18, -3.2, 0.001, 0, -7, 1e6, 0.1, 21.3), high = c(1, 100, 83, 2.9, 0.0043, 137.5, -0.2, 3.3e6, 0.7, 21.9))
rows <- NULL
for (k in seq_len(nrow(ranges))) {
  marks <- pretty(c(ranges$low[k], ranges$high[k]), 10)
  rows <- rbind(rows, data.frame(low = ranges$low[k], high = ranges$high[k], first = marks[1],
                                 last = marks[length(marks)], marks = length(marks)))
}
write(rows, "nomogram_marks.csv")
