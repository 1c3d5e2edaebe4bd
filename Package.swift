// swift-tools-version: 6.2
import PackageDescription

// Arrows go one way: a target imports only targets listed above it in this file. Nothing below `Dfer` may import
// training code, only `DferVideo` sees FFmpeg, only `DferTensor` sees OpenBLAS and the C kernels.

let modern: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .swiftLanguageMode(.v6),
]
/// Targets that own neither C handles nor kernels: here every unsafe construct is a compiler warning, and CI greps for it.
let strict = modern + [.strictMemorySafety()]

let package = Package(
  name: "dfer",
  products: [
    .executable(name: "dfer", targets: ["DferCLI"]),
    .executable(name: "dfer-bench", targets: ["DferBench"]),
    // What `Dfer` gives away of other modules is theirs to keep stable as well.
    .library(name: "Dfer", targets: ["Dfer", "DferTimeline", "DferVideo", "DferTracking", "DferImage"]),
  ],
  dependencies: [
    // Command line: subcommands, help, validation and shell completions. The standard library of Swift tools.
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // Pipeline files are YAML, because people edit them and comment on their choices.
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    // HTTP of the live view. FlyingFox is smaller, but limits neither the size of headers nor the number of connections,
    // and a view that may be open for days needs both, with back-pressure that shows when a client reads too slowly.
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  targets: [
    // C: decoding, matrix products, element-wise kernels
    .systemLibrary(
      name: "CFFmpeg", pkgConfig: "libavformat",
      providers: [
        .apt(["libavformat-dev", "libavcodec-dev", "libswscale-dev", "libavdevice-dev", "libavutil-dev"])
      ]),
    .target(name: "CDemuxerLog", dependencies: ["CFFmpeg"]),
    .target(name: "CGrowingFile", dependencies: ["CFFmpeg"]),
    .target(
      name: "CDevices", dependencies: ["CFFmpeg"], cSettings: [.define("_GNU_SOURCE")],
      linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    // Letters in images, from a font of the system. FreeType is what everybody renders fonts with, and a part of FFmpeg's own
    // dependencies.
    .systemLibrary(name: "CFreeType", pkgConfig: "freetype2", providers: [.apt(["libfreetype-dev"])]),
    .target(name: "CTypeface", dependencies: ["CFreeType"]),
    .target(name: "CProcess"),
    .target(name: "COnnxRuntime", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CKernels", cSettings: [.define("_GNU_SOURCE")], linkerSettings: [.linkedLibrary("m")]),

    // Ground
    .target(name: "DferImage", dependencies: ["CTypeface"], swiftSettings: strict),
    .target(name: "DferTracking", dependencies: ["DferImage"], swiftSettings: strict),
    .target(
      name: "DferTensor", dependencies: ["COpenBLAS", "CKernels"], swiftSettings: modern,
      linkerSettings: [.linkedLibrary("m")]),

    // ONNX: networks written down, and run by ONNX Runtime where it is installed. Protocol Buffers are written by sixty lines of
    // our own: ONNX needs eight small messages of them, for which swift-protobuf would be 10,000 lines of generated code.
    .target(name: "DferONNX", dependencies: ["COnnxRuntime", "DferTensor"], swiftSettings: modern),

    // Parts
    .target(
      name: "DferVideo", dependencies: ["CDemuxerLog", "CDevices", "CGrowingFile", "CFFmpeg", "DferImage"],
      swiftSettings: modern),
    .target(
      name: "DferModels", dependencies: ["DferONNX", "DferTensor", "DferTracking", "DferImage"],
      swiftSettings: strict),
    .target(name: "DferTimeline", dependencies: ["CSQLite", "DferImage"], swiftSettings: strict),

    // Pipelines and weights, beside every program that is built with them. Each file that comes with the package is named.
    .target(
      name: "DferPipelines", path: "Pipelines", exclude: ["cluster"],
      resources: [
        "mtcae-dfer.yaml", "mtcae-dfer.safetensors", "mtcae-behaviour.safetensors", "face-finder.safetensors",
        "face-embedding.safetensors",
        "lanmsff.yaml", "lanmsff.safetensors", "emotic-mae.yaml", "emotic-mae.safetensors", "cross-task-vit.yaml",
        "cross-task-vit.safetensors",
      ].map { .copy($0) }, swiftSettings: strict),

    // Front door
    .target(
      name: "Dfer",
      dependencies: [
        "DferPipelines", "DferVideo", "DferModels", "DferONNX", "DferTensor", "DferTimeline", "DferTracking",
        "DferImage",
        "Yams",
      ],
      swiftSettings: strict),

    // Rendered faces with known labels
    .target(
      name: "DferSynthesis", dependencies: ["DferVideo", "DferTensor", "DferTimeline", "DferImage"],
      swiftSettings: strict),

    // Live view in a browser
    .target(
      name: "DferWeb",
      dependencies: [
        "Dfer", "DferTimeline", "DferTracking", "DferImage", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      swiftSettings: strict),

    // Training: nothing above this line may import it
    .target(
      name: "DferTraining",
      dependencies: ["Dfer", "DferModels", "DferTensor", "DferVideo", "DferTimeline", "DferTracking", "DferImage"],
      swiftSettings: strict),

    // Commands
    .executableTarget(
      name: "DferCLI",
      dependencies: [
        "CProcess", "DferSynthesis", "DferTraining", "DferWeb", "Dfer", "DferVideo", "DferTimeline", "DferTracking",
        "DferModels", "DferONNX", "DferTensor", "DferImage", "Yams",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "DferBench",
      dependencies: [
        "Dfer", "DferModels", "DferTensor", "DferTraining", "DferVideo", "DferImage",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["Peers"], swiftSettings: modern),

    // Tests
    .target(
      name: "DferTestSupport", dependencies: ["DferTensor"], path: "Tests/DferTestSupport", swiftSettings: modern),
    .testTarget(name: "DferTrackingTests", dependencies: ["DferTracking", "DferImage"], swiftSettings: modern),
    .testTarget(name: "DferImageTests", dependencies: ["DferImage"], swiftSettings: modern),
    .testTarget(name: "DferVideoTests", dependencies: ["DferVideo", "DferTestSupport"], swiftSettings: modern),
    .testTarget(
      name: "DferTensorTests", dependencies: ["DferTensor", "DferTestSupport"], exclude: ["Checkpoints"],
      swiftSettings: modern),
    .testTarget(
      name: "DferModelsTests", dependencies: ["DferModels", "DferONNX", "DferTracking", "DferTestSupport"],
      swiftSettings: modern),
    .testTarget(
      name: "DferTimelineTests", dependencies: ["DferTimeline", "DferImage", "DferTestSupport"], swiftSettings: modern),
    .testTarget(
      name: "DferTests",
      dependencies: [
        "Dfer", "DferPipelines", "DferVideo", "DferModels", "DferONNX", "DferTensor", "DferTimeline", "DferTracking",
        "DferImage",
        "DferTestSupport",
      ],
      swiftSettings: modern),
    .testTarget(
      name: "DferTrainingTests",
      dependencies: ["DferTraining", "DferModels", "DferTensor", "DferImage", "DferTimeline", "DferTestSupport"],
      swiftSettings: modern),
    .testTarget(
      name: "DferSynthesisTests", dependencies: ["DferSynthesis", "DferVideo", "DferImage", "DferTestSupport"],
      swiftSettings: modern),
    .testTarget(name: "DferWebTests", dependencies: ["DferWeb", "DferTimeline", "DferImage"], swiftSettings: modern),
    .testTarget(
      name: "DferCLITests",
      dependencies: ["DferCLI", "DferTestSupport", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      exclude: ["Snapshots"], swiftSettings: modern),
  ]
)
