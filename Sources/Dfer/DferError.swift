import DferONNX
import DferTensor
import DferTimeline
import DferVideo

/// What every error of this library is, for programs that must tell one kind from another. The description is one line
/// for people: what happened, where, and what to do.
public protocol DferError: Error, CustomStringConvertible {
  /// What kind of thing went wrong.
  var kind: DferErrorKind { get }
}

/// What kind of thing went wrong.
public enum DferErrorKind: String, Sendable {
  /// The video: not there, not to be opened, not a video, or damaged from the start.
  case unreadableInput
  /// A pipeline or its weights: not there, damaged, or not what was asked for.
  case unusablePipeline
  /// Rows or a manifest could not be written.
  case outputFailed
}

extension VideoError: DferError {
  package var kind: DferErrorKind { .unreadableInput }
}

extension PipelineError: DferError {
  package var kind: DferErrorKind { .unusablePipeline }
}

extension CheckpointError: DferError {
  package var kind: DferErrorKind { isOutput ? .outputFailed : .unusablePipeline }
}

extension ONNXError: DferError {
  package var kind: DferErrorKind { .unusablePipeline }
}

extension OutputError: DferError {
  package var kind: DferErrorKind { .outputFailed }
}
