import DferTestSupport
import DferVideo
import Foundation
import Testing

/// Files that say themselves that they go on beyond their last byte, or that another one follows.
@Suite(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
struct DeclaredEndTests {
  private let clip: Clip
  init() throws { clip = try Clip() }

  private static let codecs: [String: [String]] = [
    "avi": ["-c:v", "mpeg4", "-c:a", "mp2"], "asf": ["-c:v", "wmv2", "-c:a", "wmav2"],
    "flv": ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-c:a", "aac"],
    "mkv": ["-c:v", "mpeg4", "-c:a", "mp2"],
    "ogv": ["-c:v", "libtheora", "-c:a", "libvorbis"], "gif": ["-an"], "apng": ["-an"], "y4m": ["-an"],
    "mjpeg": ["-an", "-c:v", "mjpeg"],
  ]

  /// 3 s of images and `sound` seconds of sound.
  private func film(_ ending: String, _ more: [String] = [], sound: Double = 3) throws -> String {
    let options = try #require(Self.codecs[ending])
    return try clip.make(
      "whole.\(ending)", source: "testsrc2=s=160x120:r=25:d=3",
      ["-f", "lavfi", "-i", "sine=d=\(sound)"] + options + more)
  }

  private func cut(_ path: String, to count: Int) throws -> Reading {
    let whole = try clip.data(path)
    return try Reading(try clip.write(whole.prefix(count), "cut." + MediaEndings.of(path)))
  }

  /// Wherever the cut falls: within an image, within sound, between two pieces.
  @Test(arguments: ["avi", "asf", "flv", "mkv"]) func whatIsMissingIsAGap(ending: String) throws {
    let path = try film(ending)
    let whole = try Reading(path)
    #expect(whole.gaps.isEmpty && whole.damaged == 0)
    let size = try clip.data(path).count
    for share in stride(from: 0.3, to: 0.9, by: 0.06) {
      let reading = try cut(path, to: Int(Double(size) * share))
      let gap = try #require(reading.gaps.last, "\(share)")
      #expect(gap.reason == .truncated && abs(gap.end - 3) < 0.15, "\(share): \(gap)")
    }
  }

  /// Nobody knows what is missing there, only that something is.
  @Test(arguments: ["ogv", "gif", "apng", "y4m", "mjpeg"]) func aCutWithoutALengthIsDamage(ending: String) throws {
    let path = try film(ending)
    let whole = try Reading(path)
    #expect(whole.gaps.isEmpty && whole.damaged == 0)
    let size = try clip.data(path).count
    for share in stride(from: 0.35, to: 0.9, by: 0.13) {
      #expect(try cut(path, to: Int(Double(size) * share)).damaged > 0, "\(share)")
    }
  }

  /// Too little for a gap, and still missing.
  @Test func theLastFramesOfMatroskaAreDamage() throws {
    let path = try film("mkv", ["-reserve_index_space", "4k"])
    let size = try clip.data(path).count
    #expect(try cut(path, to: size * 97 / 100).damaged > 0)
  }

  /// A recorder that was killed leaves the size of the whole open, and may leave those of its clusters open too.
  @Test(arguments: [false, true]) func aCutClusterIsDamage(clustersAreOpen: Bool) throws {
    let path = clip.path("open.mkv")
    let line =
      "ffmpeg -v error -i '\(try film("mkv"))' -c copy -cluster_time_limit 500 -f matroska pipe:1 | cat > '\(path)'"
    #expect(try Tool.run(URL(fileURLWithPath: "/bin/sh"), ["-c", line]).status == 0)
    var data = try clip.data(path)
    var place = data.startIndex
    while clustersAreOpen, let name = data[place...].range(of: Data([0x1F, 0x43, 0xB6, 0x75])) {
      // All ones behind the bit that says how many bytes they are.
      let length = data[name.upperBound].leadingZeroBitCount
      data[name.upperBound] = UInt8(0xFF >> length)
      for index in 0..<length { data[name.upperBound + 1 + index] = 0xFF }
      place = name.upperBound
    }
    let whole = try Reading(try clip.write(data, "whole.mkv"))
    #expect(whole.damaged == 0 && whole.gaps.isEmpty)
    for share in [0.35, 0.6, 0.85] {
      let reading = try cut(clip.path("whole.mkv"), to: Int(Double(data.count) * share))
      #expect(reading.damaged > 0 || !reading.gaps.isEmpty, "\(share)")
    }
  }

  /// Images of a camera: with a thumbnail in each, without marks of their ends, with something behind the last one.
  @Test func camerasWriteMJPEGInTheirOwnWays() throws {
    let plain = try clip.data(try film("mjpeg"))
    let images = split(plain)
    #expect(images.count == 75)
    let small = images[0].prefix(4000)
    let length = small.count + 2
    let piece = Data([0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)]) + small
    let withThumbnails = images.reduce(into: Data()) { $0 += $1.prefix(2) + piece + $1.dropFirst(2) }
    #expect(try Reading(try clip.write(withThumbnails, "thumbnails.mjpeg")).damaged == 0)
    #expect(try Reading(try clip.write(withThumbnails.dropLast(300), "cut.mjpeg")).damaged > 0)
    let endless = images.reduce(into: Data()) { $0 += $1.dropLast(2) }
    #expect(try Reading(try clip.write(endless, "endless.mjpeg")).damaged == 0)
    #expect(try Reading(try clip.write(plain + Data([0xFF, 0xD8, 0x12, 0x34]), "junk.mjpeg")).damaged == 0)
  }

  @Test func aCutImageOfAFolderIsDamage() throws {
    let image = try clip.data(try clip.make("one.jpg", ["-frames:v", "1"]))
    let folder = clip.scratch.file("images")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for number in 1...4 {
      let data = number == 3 ? image.prefix(image.count / 2) : image
      try data.write(to: folder.appendingPathComponent("0\(number).jpg"))
    }
    let source = try ImageSource(folder.path)
    while try source.next() != nil {}
    #expect(source.counts.frames == 4 && source.counts.damaged == 1)
  }

  private func split(_ images: Data) -> [Data] {
    var (rest, all): (Data, [Data]) = (images, [])
    while let end = rest.range(of: Data([0xFF, 0xD9])) {
      all.append(Data(rest[rest.startIndex..<end.upperBound]))
      rest = rest[end.upperBound...]
    }
    return all
  }

  @Test func parametersOfY4MFramesAreRead() throws {
    let plain = try clip.data(try film("y4m"))
    var lines = Data()
    var rest = plain[...]
    while let mark = rest.range(of: Data("FRAME\n".utf8)) {
      lines += rest[rest.startIndex..<mark.lowerBound] + Data("FRAME Ip\n".utf8)
      rest = rest[mark.upperBound...]
    }
    lines += rest
    #expect(try Reading(try clip.write(lines, "lines.y4m")).damaged == 0)
    #expect(try Reading(try clip.write(lines.dropLast(1000), "cut.y4m")).damaged > 0)
  }

  @Test func joinedOggIsNotDamaged() throws {
    let whole = try clip.data(try film("ogv", ["-an"]))
    let joined = try Reading(try clip.write(whole + whole, "joined.ogv"))
    #expect(joined.frames.count == 150 && joined.damaged == 0)
  }

  /// Sound may end when it likes, and who writes to a pipe cannot say how long the file is.
  @Test(arguments: ["avi", "asf", "flv", "mkv", "ogv"]) func longSoundAndPipesAreNoCut(ending: String) throws {
    let long = try Reading(try film(ending, sound: 6))
    #expect(long.gaps.isEmpty && long.damaged == 0 && long.frames.count >= 75)
    let piped = clip.path("piped." + ending)
    let format = ["mkv": "matroska", "ogv": "ogg"][ending] ?? ending
    let made = try Tool.run(
      URL(fileURLWithPath: "/bin/sh"),
      [
        "-c",
        "ffmpeg -v error -i '\(clip.path("whole." + ending))' -t 3 -c copy -f \(format) pipe:1 | cat > '\(piped)'",
      ])
    #expect(made.status == 0)
    let reading = try Reading(piped)
    #expect(reading.gaps.isEmpty && reading.damaged == 0)
  }

  @Test(arguments: ["avi", "asf", "flv", "mkv", "gif", "apng", "y4m"]) func bytesBehindTheEndAreNoDamage(
    ending: String
  ) throws {
    let whole = try clip.data(try film(ending))
    for rest in [Data(count: 8), Data("\n".utf8), Data("\n\n\n\n\n".utf8)] {
      let reading = try Reading(try clip.write(whole + rest, "padded." + ending))
      #expect(reading.gaps.isEmpty && reading.damaged == 0)
    }
  }

  /// FFmpeg reads the first of them.
  @Test(arguments: ["asf", "gif", "apng"]) func aSecondFileIsNotPassedOver(ending: String) throws {
    let whole = try clip.data(try film(ending))
    #expect(try Reading(try clip.write(whole + whole, "joined." + ending)).damaged > 0)
  }

  @Test(arguments: [[], ["-movflags", "+faststart"]]) func aSecondMP4IsNotPassedOver(options: [String]) throws {
    let path = try clip.remake(try clip.base(), "one.mp4", ["-c", "copy"] + options)
    #expect(try Reading(path).damaged == 0)
    let whole = try clip.data(path)
    #expect(try Reading(try clip.write(whole + whole, "joined.mp4")).damaged > 0)
  }

  /// With an empty index in front, or one of the first fragment.
  @Test(arguments: ["+frag_keyframe+empty_moov", "+frag_keyframe"]) func aCutFragmentIsDamage(flags: String) throws {
    let path = try clip.remake(try clip.base(), "fragments.mp4", ["-c", "copy", "-movflags", flags])
    #expect(try Reading(path).damaged == 0)
    let size = try clip.data(path).count
    for share in [0.4, 0.55, 0.7] {
      let reading = try cut(path, to: Int(Double(size) * share))
      #expect(reading.damaged > 0 || !reading.gaps.isEmpty, "\(share)")
    }
  }

  /// Counters begin anew where recordings are joined; a packet that was really lost there is damage.
  @Test func joinedBroadcastsAreNotDamaged() throws {
    let path = try clip.remake(try clip.base(), "one.ts", ["-c", "copy"])
    let whole = try clip.data(path)
    let joined = try Reading(try clip.write(whole + whole, "joined.ts"))
    #expect(joined.damaged == 0 && joined.gaps.isEmpty && joined.frames.count == 180)
    // Packets of the images, which FFmpeg gives the number 256.
    let images = stride(from: 0, to: whole.count, by: 188).filter { whole[$0 + 1] & 0x1F == 1 && whole[$0 + 2] == 0 }
    func without(_ lost: ArraySlice<Int>) -> Data {
      lost.reversed().reduce(into: whole) { $0.removeSubrange($1..<$1 + 188) }
    }
    for (name, data) in [
      ("middle.ts", without(images[40..<43]) + whole), ("before.ts", without(images.dropLast(6).suffix(6)) + whole),
      ("after.ts", whole + without(images[2..<8])),
    ] { #expect(try Reading(try clip.write(data, name)).damaged > 0, "\(name)") }
  }

  /// Sizes that no file can have end the search, and nothing else.
  @Test func impossibleSizesAreSurvived() throws {
    func frames(_ path: String, _ name: String, _ change: (inout Data) throws -> Void) throws -> Int {
      var data = try clip.data(path)
      try change(&data)
      return try Reading(try clip.write(data, name)).frames.count
    }
    let most = Data([0xFE] + [UInt8](repeating: 0xFF, count: 6) + [0x7F])
    #expect(try frames(try film("avi"), "size.avi") { $0.replaceSubrange(4..<8, with: most.prefix(4)) } == 75)
    let properties = Data([0xA1, 0xDC, 0xAB, 0x8C, 0x47, 0xA9, 0xCF, 0x11])
    let asf = try frames(try film("asf"), "size.asf") {
      let start = try #require($0.range(of: properties)).lowerBound + 40
      $0.replaceSubrange(start..<start + 8, with: most)
    }
    #expect(asf >= 70)
    let matroska = try frames(try film("mkv"), "size.mkv") {
      let start = try #require($0.range(of: Data([0x18, 0x53, 0x80, 0x67]))).upperBound
      $0.replaceSubrange(start..<start + 8, with: Data([1]) + most.reversed().dropFirst())
    }
    #expect(matroska == 75)
    #expect(
      try frames(try clip.base(), "size.mp4") { $0 += Data([0, 0, 0, 1]) + Data("free".utf8) + most.reversed() } == 90)
  }
}
