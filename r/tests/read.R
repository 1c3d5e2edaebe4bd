library(dfer)

path <- system.file("extdata", "talk.csv", package = "dfer")
rows <- read_dfer(path)
stopifnot(
  nrow(rows) == 21, is.integer(rows$clip), is.integer(rows$face_id), is.character(rows$label), is.numeric(rows$yaw_deg),
  all(is.na(rows$yaw_deg)), identical(rows$clip[1], 0L),
  "p_happiness" %in% dfer_classes(rows), !"pitch_deg" %in% dfer_classes(rows),
  max(abs(rowSums(subset(rows, success == 1)[dfer_classes(rows)]) - 1)) < 1e-5,
  setequal(rows$status, c("ok", "low_quality", "partial_clip")))

# The order of columns does not matter, further columns are kept, and the word "none" is a word.
folder <- tempfile()
dir.create(folder)
text <- read.csv(path, colClasses = "character", check.names = FALSE)
text$au12_strength <- "0.5"
text$mask <- "none"
other <- file.path(folder, "other.tsv")
write.table(text[rev(names(text))], other, sep = "\t", row.names = FALSE, quote = FALSE)
again <- read_dfer(other)
stopifnot(identical(again[names(rows)], rows), all(again$au12_strength == 0.5), all(again$mask == "none"))

# A file that ended before its first row has the same columns.
writeLines(readLines(path, 1), file.path(folder, "empty.csv"))
empty <- read_dfer(file.path(folder, "empty.csv"))
stopifnot(nrow(empty) == 0, identical(names(empty), names(rows)), is.integer(empty$clip))

said <- function(expression) tryCatch({ expression; "" }, error = conditionMessage)
writeLines(c("name,age", "Ada,36"), file.path(folder, "table.csv"))
stopifnot(
  grepl("no such file", said(read_dfer(file.path(folder, "missing.csv")))),
  grepl("no column clip", said(read_dfer(file.path(folder, "table.csv")))))

# With the program at hand, its rows and its words come through.
program <- Sys.getenv("DFER_BINARY")
sample <- Sys.getenv("DFER_SAMPLE")
if (nzchar(program) && nzchar(sample)) {
  watched <- dfer_watch(sample)
  stopifnot(nrow(watched) > 0, all(watched$status == "no_face"), all(is.na(watched$label)), identical(class(watched$clip), "integer"))
  stopifnot(grepl("no such file.*exit code 3", said(dfer_watch(file.path(folder, "missing.mp4")))))
}
