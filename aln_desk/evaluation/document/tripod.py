"""TRIPOD+AI (Collins et al., BMJ 2024): its items by number, in our own words."""

from __future__ import annotations

from aln_desk.evaluation.document.checklist import Entry

DATA, METHODS, RESULTS, LOOKS = "Data", "Methods", "Results", "Looks at test data"
GAPS, MODELS, REPRODUCTION = "What is not here", "Models and digests", "Reproduction"

TRIPOD_AI = (
    Entry("1", "Title names model, people and outcome", (), "the title of the article"),
    Entry("2", "Structured abstract", (), "the abstract; figures for it in section Results"),
    Entry("3a", "Medical background and reason for the model", (), "background"),
    Entry("3b", "For whom and by whom the model is to be used", (), "intended patients, users and place in care"),
    Entry("3c", "Known inequalities in care between groups", (), "what is known for these patients"),
    Entry("4", "Aims: building, evaluating, or both", (), "aims"),
    Entry("5a", "Where the data come from and whom they stand for", (DATA,), "sources and how well they represent"),
    Entry("5b", "Dates of recruitment and follow-up", (DATA,), "follow-up, if any"),
    Entry("6a", "Setting and number of centres", (DATA,), "kind of setting"),
    Entry("6b", "Who could take part", ("figure_s2", "table_s7"), "criteria before entry into the project"),
    Entry("6c", "Treatments received before", (), "treatments, such as neoadjuvant therapy"),
    Entry("7", "Cleaning and preparing of data", (METHODS,), "what was done before import"),
    Entry("8a", "Outcome, how and when it was found", (), "how pathology was obtained and read"),
    Entry("8b", "Who judged the outcome", (), "pathologists and their experience"),
    Entry("8c", "Whether they were blind to the predictors", (), "blinding"),
    Entry("9a", "How candidate predictors were chosen", (METHODS, "table_s3"), "reasons"),
    Entry("9b", "Predictors, how and when measured", (DATA, "table_1"), "scanners, settings, time of imaging"),
    Entry("9c", "Who judged predictors", (), "who outlined lesions and read the images"),
    Entry("10", "How the number of patients came about", (DATA,), "reasoning on sample size"),
    Entry("11", "Missing values and what was done", (METHODS, "table_s7", "table_1"), ""),
    Entry("12a", "How data were used and parted", (DATA, METHODS), ""),
    Entry("12b", "How predictors entered the model", (METHODS,), ""),
    Entry("12c", "Kind of model, building steps, tuning", (METHODS,), "why this kind of model"),
    Entry("12d", "Differences between centres and how they were handled", ("figure_s5", "table_s6"), ""),
    Entry("12e", "Measures and plots of performance", (METHODS,), ""),
    Entry("12f", "Changes to the model after evaluation", (), "recalibration or updating, if any"),
    Entry("12g", "How predictions were made when evaluating", (METHODS, MODELS, REPRODUCTION), ""),
    Entry("13", "Unequal outcomes and what was done", (DATA,), "whether classes were balanced, and why"),
    Entry("14", "What was done for fairness", ("figure_s5", "table_s6"), "groups that matter here, and why"),
    Entry("15", "What the model gives out, and thresholds", (METHODS, "table_2"), ""),
    Entry("16", "Differences between building and evaluation data", (DATA, "table_1"), "differences in setting"),
    Entry("17", "Ethics approval and consent", (), "committee, number, consent or waiver"),
    Entry("18a", "Funding", (), "funding and the funder's part"),
    Entry("18b", "Competing interests", (), "interests of all authors"),
    Entry("18c", "Protocol", (), "where the protocol can be read"),
    Entry("18d", "Registration", (), "register and number, or that there is none"),
    Entry("18e", "Sharing of data", (DATA,), "where data can be had"),
    Entry("18f", "Sharing of code and model", (MODELS, REPRODUCTION), "where code and model can be had"),
    Entry("19", "Part that patients and the public took", (), "their part, or that there was none"),
    Entry("20a", "Flow of the patients and outcomes", ("figure_s2", "table_s7"), ""),
    Entry("20b", "Who the patients are, overall and by source", ("table_1", "table_s1"), ""),
    Entry(
        "20c", "Evaluated patients against those learned from", ("table_1",), "where training patients are not shown"
    ),
    Entry("21", "Patients and events in each analysis", (DATA, "table_2", "table_s7"), ""),
    Entry("22", "The model in full, so that it can be used", (METHODS, MODELS, "figure_s3"), "how to obtain it"),
    Entry(
        "23a", "Performance with intervals, also in key groups", ("table_2", "figure_3", "figure_s4", "table_s6"), ""
    ),
    Entry("23b", "Performance by centre or cluster", ("table_2", "figure_s5"), ""),
    Entry("24", "Results of updating", (), "if the model was updated"),
    Entry("25", "Overall reading of the results", (), "interpretation, also of fairness"),
    Entry("26", "Limits", (GAPS, LOOKS), "limits of the study"),
    Entry("27a", "Poor or missing input in use", ("table_s7",), "what a user should do"),
    Entry("27b", "What users must do and know", (), "handling and expertise"),
    Entry("27c", "Next steps", (), "further research"),
)
