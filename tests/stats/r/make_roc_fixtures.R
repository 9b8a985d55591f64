# Makes roc_scores.csv and roc_expected.csv: Rscript make_roc_fixtures.R, in this folder. The tests only read them.
# Debian: r-base-core r-cran-proc r-cran-rms (pROC 1.18.0, Hmisc 4.8.0). 15 significant digits, scores included.

suppressMessages({library(pROC); library(Hmisc)})
options(digits = 15, pROCProgress = list(name = "none"))

digits <- function(x) sprintf("%.15g", x)

make_scores <- function() {
  set.seed(20250971)
  n <- 240
  outcome <- rbinom(n, 1, 0.62)
  shared <- rnorm(n)
  wide <- outcome + shared + rnorm(n)
  scores <- data.frame(
    patient = seq_len(n),
    cohort = rep(c("internal", "external"), c(160, 80)),
    outcome = outcome,
    fine = wide,                                                 # no ties
    tied = round(0.7 * outcome + shared + rnorm(n), 1),          # many ties
    grade = as.numeric(cut(wide + rnorm(n), c(-Inf, -1, 0, 1, 2, Inf))),  # five values, as BI-RADS
    reverse = -0.3 * outcome + rnorm(n),                         # below chance
    gaps = 0.5 * outcome + 0.5 * shared + rnorm(n),              # with patients not scored
    probability = round(plogis(wide - 0.4), 2)                   # ties, and some exactly at thresholds
  )
  scores$gaps[sample(n, 17)] <- NA
  for (name in names(scores)[4:9]) scores[[name]] <- digits(scores[[name]])
  write.csv(scores, "roc_scores.csv", row.names = FALSE, quote = FALSE)
}

make_scores()
scores <- read.csv("roc_scores.csv")
expected <- data.frame(test = character(), of = character(), figure = character(), value = character())
put <- function(test, of, ...) {
  figures <- list(...)
  rows <- data.frame(test, of, figure = names(figures), value = digits(as.numeric(figures)), row.names = NULL)
  expected <<- rbind(expected, rows)
}
curve_of <- function(rows, name) {
  roc(rows$outcome, rows[[name]], levels = c(0, 1), direction = "<", quiet = TRUE)
}
named <- c("fine", "tied", "grade", "reverse")

# Areas, DeLong's limits and variance; Hmisc's C (what rms prints) as a second opinion.
for (name in c(named, "probability")) {
  line <- curve_of(scores, name)
  for (level in c(0.95, 0.9)) {
    limits <- ci.auc(line, method = "delong", conf.level = level)
    put("auc", paste(name, level), low = limits[1], auc = limits[2], high = limits[3], variance = var(line))
  }
  put("c", name, c = somers2(scores[[name]], scores$outcome)[["C"]])
  best <- coords(line, "best", best.method = "youden", transpose = FALSE)
  best <- best[which.min(best$threshold), ]
  put("youden", name, threshold = best$threshold, sensitivity = best$sensitivity, specificity = best$specificity)
}

# Every point of a curve with ties.
points <- coords(curve_of(scores, "grade"), "all", transpose = FALSE)
for (i in seq_len(nrow(points))) {
  put("curve", as.character(i), sensitivity = points$sensitivity[i], specificity = points$specificity[i])
}

# DeLong's tests: the same patients (those who have both scores), then two cohorts.
pairs <- combn(c(named, "gaps"), 2)
raw <- c()
for (k in seq_len(ncol(pairs))) {
  a <- pairs[1, k]; b <- pairs[2, k]
  rows <- scores[!is.na(scores[[a]]) & !is.na(scores[[b]]), ]
  test <- roc.test(curve_of(rows, a), curve_of(rows, b), method = "delong", paired = TRUE)
  raw <- c(raw, test$p.value)
  put("paired", paste(a, b), difference = test$estimate[[1]] - test$estimate[[2]], low = test$conf.int[1],
      high = test$conf.int[2], z = test$statistic, p = test$p.value, n = nrow(rows))
}
for (k in seq_len(ncol(pairs))) put("holm", paste(pairs[1, k], pairs[2, k]), p = p.adjust(raw, "holm")[k])
for (name in c(named, "gaps")) {
  rows <- scores[!is.na(scores[[name]]), ]
  test <- roc.test(curve_of(rows[rows$cohort == "internal", ], name), curve_of(rows[rows$cohort == "external", ], name),
                   method = "delong", paired = FALSE)
  put("unpaired", name, difference = test$estimate[[1]] - test$estimate[[2]], statistic = test$statistic,
      df = test$parameter, p = test$p.value, n = nrow(rows))
}

# Figures at a threshold: Wilson's interval is prop.test without correction.
called <- scores$fine >= 0.5
share <- function(name, hit, among) {
  test <- suppressWarnings(prop.test(sum(hit & among), sum(among), correct = FALSE))
  put("threshold", name, value = test$estimate, low = test$conf.int[1], high = test$conf.int[2])
}
positive <- scores$outcome == 1
everyone <- rep(TRUE, nrow(scores))
share("accuracy", called == positive, everyone)
share("sensitivity", called, positive)
share("specificity", !called, !positive)
share("ppv", positive, called)
share("npv", !positive, !called)
star <- suppressWarnings(prop.test(sum(positive & called), sum(positive | called), correct = FALSE))
harmonic <- function(share) 2 * share / (1 + share)
put("threshold", "f1", value = harmonic(star$estimate), low = harmonic(star$conf.int[1]),
    high = harmonic(star$conf.int[2]))
for (goal in c(0.5, 0.8, 0.9, 0.95, 1)) {
  reached <- sapply(scores$tied, function(t) mean(scores$tied[positive] >= t) >= goal)
  put("at sensitivity", as.character(goal), threshold = max(scores$tied[reached]))
}

# McNemar, exact: a binomial test of the patients whom one alone decides rightly.
other <- scores$tied >= 0.5
only_a <- sum(called == positive & other != positive)
only_b <- sum(called != positive & other == positive)
put("mcnemar", "fine tied", only_a = only_a, only_b = only_b, p = binom.test(only_a, only_a + only_b)$p.value)

# Average precision from its definition, threshold by threshold.
for (name in named) {
  thresholds <- sort(unique(scores[[name]]), decreasing = TRUE)
  recall <- sapply(thresholds, function(t) mean(scores[[name]][positive] >= t))
  precision <- sapply(thresholds, function(t) mean(positive[scores[[name]] >= t]))
  put("average precision", name, value = sum(diff(c(0, recall)) * precision))
}

# Net benefit, patient by patient; its limits are those of a mean.
mean_of <- function(test, threshold, worth) {
  reach <- qnorm(0.975) * sd(worth) / sqrt(length(worth))
  put(test, as.character(threshold), value = mean(worth), low = mean(worth) - reach, high = mean(worth) + reach)
}
for (threshold in c(0.01, 0.1, 0.25, 0.33, 0.5, 0.67, 0.9, 0.99)) {
  weight <- threshold / (1 - threshold)
  worth <- ifelse(positive, 1, -weight)
  treated <- scores$probability >= threshold
  mean_of("net benefit", threshold, worth * treated)
  mean_of("treat all", threshold, worth)
  mean_of("avoided", threshold, 100 * (worth * treated - worth) / weight)
}

write.csv(expected, "roc_expected.csv", row.names = FALSE, quote = FALSE)
