import Dfer
import DferTensor
import DferVideo
import Foundation

/// What dfer needs of the machine, looked at one by one. Nothing is changed.
enum MachineChecks {
  static func all() -> [Finding] {
    pipelines() + ffmpeg() + processor() + cameras() + space() + [configuration()]
  }

  // MARK: Files

  private static func pipelines() -> [Finding] {
    let files = Installation.pipelines()
    guard !files.isEmpty else {
      return [
        .missing(
          "pipelines", "none in \(Installation.pipelineFolders().map(\.path).joined(separator: ", "))",
          "install the whole package, or set DFER_HOME to the folder that holds Pipelines/")
      ]
    }
    var (good, findings): ([String], [Finding]) = ([], [])
    for file in files {
      do {
        let pipeline = try Pipeline(contentsOf: file)
        for weights in pipeline.models.map(pipeline.weights) + [pipeline.detectorWeights]
        where !FileManager.default.isReadableFile(atPath: weights.path) {
          throw CocoaError(.fileReadNoSuchFile, userInfo: [NSFilePathErrorKey: weights.path])
        }
        good.append(file.deletingPathExtension().lastPathComponent)
      } catch let error as CocoaError {
        findings.append(
          .missing("pipelines", "\(file.path): no weights at \(error.filePath ?? "?")", "install the whole package"))
      } catch {
        findings.append(.missing("pipelines", "\(error)", "mend or remove the file"))
      }
    }
    if !good.isEmpty {
      findings.insert(
        .ok("pipelines", "\(good.joined(separator: ", ")) (\(files[0].deletingLastPathComponent().path))"), at: 0)
    }
    return findings
  }

  static func configuration() -> Finding {
    do {
      guard let file = try CommandLineDefaults.file(named: nil) else {
        return .ok("configuration", "no file, so every option is at its default")
      }
      return .ok(
        "configuration", "\(file.path): \(file.entries.count) option\(file.entries.count == 1 ? "" : "s") (dfer config)"
      )
    } catch {
      return .missing("configuration", "\(error)", "mend the file; until then, --config none ignores it")
    }
  }

  // MARK: Video

  static func ffmpeg() -> [Finding] {
    let common = ["h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mjpeg", "prores"]
    let absent = common.filter { !CodecSupport.decodes($0) }
    let able = common.filter { !absent.contains($0) }.joined(separator: ", ")
    var findings: [Finding] =
      absent.contains("h264")
      ? [
        .missing(
          "FFmpeg", "\(FFmpegVersion.text) cannot read H.264",
          "install an FFmpeg with all its decoders (Debian's has them)")
      ]
      : [.ok("FFmpeg", "\(FFmpegVersion.text), reads \(able)")]
    if !absent.isEmpty, !absent.contains("h264") {
      findings.append(.note("FFmpeg", "this build does not read \(absent.joined(separator: ", "))"))
    }
    if !CodecSupport.encodes("libx264") {
      findings.append(.note("FFmpeg", "no H.264 encoder: videos of dfer export are MPEG-4, which browsers do not play"))
    }
    return findings
  }

  private static func cameras() -> [Finding] {
    if let library = Cameras.missingLibrary {
      return [
        .note(
          "cameras", "FFmpeg's \(library) is not installed", "install it to read cameras and screens; files need it not"
        )
      ]
    }
    let cameras = Cameras.all()
    guard !cameras.isEmpty else { return [.ok("cameras", "none (files and streams need none)")] }
    return cameras.map { camera in
      let words = "\(camera.location) \(camera.name)"
      return switch camera.access {
      case .free: .ok("cameras", words)
      case .busy:
        .note(
          "cameras", "\(words) is in use by another program", "close that program before dfer watch \(camera.location)")
      case .forbidden:
        .note("cameras", "\(words): no permission", "sudo usermod -aG video $USER, then log in again")
      case .failed: .note("cameras", "\(words) does not answer", "unplug it and plug it in again")
      }
    }
  }

  // MARK: Speed

  private static func processor() -> [Finding] {
    let (cores, all) = (Compute.availableCores, ProcessInfo.processInfo.processorCount)
    let count =
      "\(cores) core\(cores == 1 ? "" : "s")" + (all > cores ? " of \(all) (the rest is not for this process)" : "")
    var findings: [Finding] = []
    let set = ComputeInfo.instructionSet
    if set == "SSE2" {
      findings.append(
        .slow(
          "processor", "\(count), \(set) only",
          "the arithmetic is several times slower than with AVX2; in a virtual machine, pass the host's processor through"
        ))
    } else {
      findings.append(.ok("processor", "\(count), \(set)"))
    }
    if let warning = ComputeInfo.warning {
      findings.append(.slow("BLAS", "OpenBLAS, kernels for \(ComputeInfo.blasCore)", warning))
    } else if ["Prescott", "Core2", "generic", "Nehalem", "Sandybridge"].contains(ComputeInfo.blasCore), set != "SSE2" {
      // Where dfer's own kernels find no AVX-512, OpenBLAS does most of the products: the sample took 2.5 times as long with
      // Prescott's kernels as with Haswell's, and 1.3 times with Sandybridge's (an EPYC with AVX2).
      findings.append(
        .slow(
          "BLAS", "OpenBLAS does not know this processor: kernels for \(ComputeInfo.blasCore)",
          "a newer OpenBLAS, or OPENBLAS_CORETYPE=Haswell in the environment, may halve the time"))
    } else {
      findings.append(.ok("BLAS", "OpenBLAS, kernels for \(ComputeInfo.blasCore)"))
    }
    if let load = Self.load(), load > Double(all) + 0.5 {
      findings.append(
        .slow(
          "load", "\(oneDecimal(load)) programs want \(all) core\(all == 1 ? "" : "s") now",
          "close them, or expect dfer to take its share only"))
    }
    return findings
  }

  /// How many threads wanted a core in the last minute.
  static func load() -> Double? {
    let text = try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
    return text?.split(separator: " ").first.flatMap { Double($0) }
  }

  // MARK: Space

  private static func space() -> [Finding] {
    let here = FileManager.default.currentDirectoryPath
    var findings: [Finding] = []
    let free = (try? FileManager.default.attributesOfFileSystem(forPath: here)[.systemFreeSize] as? NSNumber)?
      .doubleValue
    if let free {
      let words = "\(oneDecimal(free / 1e9)) GB free in \(here)"
      findings.append(
        free < 2e8
          ? .note("disk", words, "rows are small (2 MB for an hour and face), but videos of dfer export are not")
          : .ok("disk", words))
    }
    if !FileManager.default.isWritableFile(atPath: here) {
      findings.append(.note("disk", "\(here) cannot be written to", "give -o a path elsewhere"))
    }
    let available = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8))?
      .split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }?.split(separator: " ").dropFirst().first.flatMap {
        Double($0)
      }
    if let available {
      let words = "\(oneDecimal(available / 1e6)) GB available"
      findings.append(
        available < 4e5
          ? .note("memory", words, "dfer watch needs about 0.2 GB; close something first") : .ok("memory", words))
    }
    return findings
  }
}
