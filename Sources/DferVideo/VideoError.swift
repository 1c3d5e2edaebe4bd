import DferImage
import Foundation

/// Why a video cannot be read. One line for people, with what was tried, why it failed, and what to do.
package enum VideoError: Error, Hashable, CustomStringConvertible {
  case missing(path: String)
  case directory(path: String)
  case notReadable(path: String)
  case empty(path: String)
  /// An MP4 whose index was never written.
  case missingIndex(path: String)
  /// An MP4 through a pipe whose index comes after its frames.
  case indexAtEnd(path: String)
  case notVideo(path: String)
  /// A text that is to hold names or addresses.
  case notText(path: String)
  /// A list of images with none in it.
  case emptyList(path: String)
  /// A file that is no video but a list of others, without having been meant as one.
  case playlist(path: String, format: String)
  case outsidePlaylist(path: String)
  case unreadablePlaylist(path: String)
  /// Something that FFmpeg could read, but that nobody asked for.
  case needsFormat(path: String, format: String)
  case unknownAddress(path: String, scheme: String)
  case otherMachine(path: String, host: String)
  case tooLarge(path: String, size: Size)
  /// A name that is no text, as `M\xFCller.mp4` is written here.
  case nameNotText(path: String)
  /// A folder of videos, not of images.
  case folderOfVideos(path: String, videos: Int)
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
  /// FFmpeg's library of cameras and screens is not installed.
  case devicesMissing(path: String, library: String)
  case cancelled(path: String)
  case timedOut(path: String)
  case failed(operation: String, path: String, reason: String)

  package var description: String {
    switch self {
    case .nameNotText(let path): "\(path): its name is not UTF-8: rename it"
    case .missing(let path) where path.unicodeScalars.contains("\u{FFFD}"):
      "\(path): no such file; its name is not UTF-8, so rename it"
    case .missing(let path): "\(path): no such file"
    case .directory(let path):
      "\(path): is a directory without images; give a video file, or a folder or list of images"
    case .notReadable(let path): "\(path): permission denied"
    case .empty(let path): "\(path): empty file"
    case .missingIndex(let path):
      "\(path): the index (moov) is missing: the recording or the copy was cut off before its end"
    case .indexAtEnd(let path):
      "\(path): the index (moov) of this MP4 is at its end, and a pipe or server like this cannot go back: give the file "
        + "by its name, or write it with ffmpeg -movflags +faststart"
    case .notText(let path): "\(path): cannot read this list as UTF-8 text"
    case .emptyList(let path): "\(path): a list that names no image; write one path to a line"
    case .playlist(let path, let format):
      "\(path): not a video, but a playlist (\(format)) of other files; --input-format \(format) reads it"
    case .outsidePlaylist(let path): "\(path): this playlist names what is not in its own folder or on its own host"
    case .unreadablePlaylist(let path): "\(path): this playlist cannot be read, or names what is no media file"
    case .needsFormat(let path, let format):
      "\(path): no such file; --input-format \(format) reads it as FFmpeg's \(format)"
    case .unknownAddress(let path, let scheme): "\(path): addresses with '\(scheme)' are not read"
    case .otherMachine(let path, let host): "\(path): a file of another machine ('\(host)')"
    case .tooLarge(let path, let size): "\(path): its frames are too large (\(size.width)x\(size.height))"
    case .folderOfVideos(let path, let videos):
      "\(path): is a folder with \(videos) \(videos == 1 ? "video" : "videos"): dfer batch reads them; for its images, list "
        + "them in a .txt file"
    case .notVideo(let path): "\(path): not a video, or in no format that FFmpeg knows"
    case .noVideoStream(let path, true): "\(path): no video stream, only a cover image"
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
    case .devicesMissing(let path, let library):
      "\(path): cameras, screens and filter graphs are read by \(library), which is not installed"
    case .cancelled(let path): "\(path): stopped"
    case .timedOut(let path): "\(path): no answer in time"
    case .failed(let operation, let path, let reason): "\(path): cannot \(operation): \(reason)"
    }
  }
}
