# Columns by name, so their order does not matter; a column that this version does not know is read as what it looks like.
.dfer_integers <- c("clip", "face_id", "start_frame", "end_frame", "success", "face_frames")
.dfer_texts <- c("source", "status", "label", "model_label", "mask", "wall_time")
.dfer_required <- c("clip", "face_id", "start_s", "end_s", "status")

.dfer_column <- function(name, text) {
  if (name %in% .dfer_texts || grepl("_label$", name)) return(text)
  if (name %in% .dfer_integers) return(as.integer(text))
  if (all(is.na(text))) return(as.numeric(text))
  utils::type.convert(text, as.is = TRUE, na.strings = NA_character_)
}

read_dfer <- function(path) {
  if (!file.exists(path)) stop(path, ": no such file", call. = FALSE)
  separator <- if (grepl("[.]tsv$", path, ignore.case = TRUE)) "\t" else ","
  rows <- tryCatch(
    utils::read.table(path, header = TRUE, sep = separator, quote = "\"", comment.char = "", na.strings = "",
                      colClasses = "character", check.names = FALSE, encoding = "UTF-8"),
    error = function(e) stop(path, ": ", conditionMessage(e), call. = FALSE))
  missing <- setdiff(.dfer_required, names(rows))
  if (length(missing) > 0) {
    stop(path, ": not a timeline of dfer, it has no column ", paste(missing, collapse = ", "), call. = FALSE)
  }
  for (name in names(rows)) rows[[name]] <- .dfer_column(name, rows[[name]])
  rows
}

dfer_classes <- function(rows) grep("^p_", names(rows), value = TRUE)

dfer_manifest <- function(path) {
  if (!requireNamespace("jsonlite", quietly = TRUE)) stop("dfer_manifest needs the package jsonlite", call. = FALSE)
  if (!grepl("[.]run[.]json$", path)) path <- paste0(sub("[.][^.]*$", "", path), ".run.json")
  if (!file.exists(path)) stop(path, ": no such file", call. = FALSE)
  jsonlite::fromJSON(path)
}

dfer_watch <- function(source, options = character(), program = Sys.getenv("DFER_BINARY", "dfer")) {
  folder <- tempfile("dfer-")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  rows <- file.path(folder, "rows.csv")
  said <- file.path(folder, "said.txt")
  arguments <- c("watch", "--quiet", options, "--output", rows, "--", source)
  code <- system2(program, shQuote(arguments), stdout = FALSE, stderr = said)
  words <- if (file.exists(said)) paste(sub("^dfer: ", "", readLines(said, warn = FALSE)), collapse = "\n") else ""
  if (code == 127) stop("the program ", program, " was not found: install dfer, or set DFER_BINARY", call. = FALSE)
  if (code == 4) warning(words, call. = FALSE)
  if (!code %in% c(0, 4)) stop(words, " (exit code ", code, ")", call. = FALSE)
  read_dfer(rows)
}
