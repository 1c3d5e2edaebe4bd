// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "ReadVideo",
  dependencies: [
    // In a package of your own: .package(url: "<where you got dfer>", from: "0.2.0")
    .package(name: "dfer", path: "../..")
  ],
  targets: [
    .executableTarget(name: "ReadVideo", dependencies: [.product(name: "Dfer", package: "dfer")])
  ]
)
