import Foundation

/// Why a video cannot be read. One line for people, with what was tried, why it failed, and what to do.
public enum VideoError: Error, Hashable, CustomStringConvertible {
  case missing(path: String)
  case directory(path: String)
  case notReadable(path: String)
  case empty(path: String)
  /// An MP4 whose index was never written.
  case missingIndex(path: String)
  case notVideo(path: String)
  case noVideoStream(path: String, onlyCoverArt: Bool)
  case noSuchStream(path: String, stream: Int, video: [Int])
  case unsupportedCodec(path: String, codec: String)
  case noFrames(path: String)
  case cameraMissing(path: String)
  case cameraBusy(path: String)
  case cameraForbidden(path: String)
  case notCamera(path: String)
  case noScreen(path: String, screen: String)
  case unsupportedDevice(path: String, device: String)
  case cancelled(path: String)
  case timedOut(path: String)
  case failed(operation: String, path: String, reason: String)

  public var description: String {
    switch self {
    case .missing(let path): "\(path): no such file"
    case .directory(let path): "\(path): is a directory without pictures; give a video file, or a folder or list of pictures"
    case .notReadable(let path): "\(path): permission denied"
    case .empty(let path): "\(path): empty file"
    case .missingIndex(let path):
      "\(path): the index (moov) is missing: the recording or the copy was cut off before its end"
    case .notVideo(let path): "\(path): not a video, or in no format that FFmpeg knows"
    case .noVideoStream(let path, true): "\(path): no video stream, only a cover picture"
    case .noVideoStream(let path, false): "\(path): no video stream"
    case .noSuchStream(let path, let stream, let video):
      "\(path): stream \(stream) is no video; video streams: \(video.map(String.init).joined(separator: ", "))"
    case .unsupportedCodec(let path, let codec): "\(path): this FFmpeg has no decoder for '\(codec)'"
    case .noFrames(let path): "\(path): no frame could be decoded"
    case .cameraMissing(let path): "\(path): no such camera; dfer devices lists those that are there"
    case .cameraBusy(let path): "\(path): the camera is in use by another program"
    case .cameraForbidden(let path): "\(path): no permission to use the camera (on Linux, the group 'video' has it)"
    case .notCamera(let path): "\(path): is no camera; dfer devices lists those that are there"
    case .noScreen(_, let screen):
      "the display '\(screen)' cannot be read: is it there, and may this user see it (variables DISPLAY, XAUTHORITY)?"
    case .unsupportedDevice(let path, let device): "\(path): this FFmpeg cannot read '\(device)'"
    case .cancelled(let path): "\(path): stopped"
    case .timedOut(let path): "\(path): no answer in time"
    case .failed(let operation, let path, let reason): "\(path): cannot \(operation): \(reason)"
    }
  }
}

