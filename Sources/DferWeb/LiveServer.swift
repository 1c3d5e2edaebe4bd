import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Why the live view could not be opened.
package enum WebError: Error, Hashable, CustomStringConvertible {
  case notAnAddress(String)
  case tokenNeeded(address: String)
  case tokenTooShort
  case cannotListen(address: String, port: Int, reason: String)

  /// Whether the command was given wrongly, not refused by the machine.
  package var isUsage: Bool {
    if case .cannotListen = self { false } else { true }
  }

  package var description: String {
    switch self {
    case .notAnAddress(let text): "--listen \(text): not an IP address of this machine, like 192.168.1.5 or 0.0.0.0"
    case .tokenNeeded(let address):
      "--listen \(address): other machines could watch; give --token or the variable DFER_TOKEN"
    case .tokenTooShort:
      "the token must have at least \(Access.shortestToken) letters, digits, '-' or '_', and nothing else"
    case .cannotListen(let address, let port, let reason): "\(address):\(port): cannot open the live view: \(reason)"
    }
  }
}

/// The live view's HTTP server: one thread, beside the run and never in its way.
package final class LiveServer: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let channel: any Channel
  private let board: LiveBoard
  private let hub: NIOLoopBound<Hub>

  /// Opens `address:port` (port 0: any free one) and answers until `stop()`. Throws `WebError`.
  ///
  /// - Parameter token: must be given unless the address is a loopback one.
  package init(_ board: LiveBoard, address: String = "127.0.0.1", port: Int, token: String? = nil) throws {
    guard let place = try? SocketAddress(ipAddress: address, port: port) else { throw WebError.notAnAddress(address) }
    if token == nil && !Self.isLoopback(address) { throw WebError.tokenNeeded(address: address) }
    let isCookieSafe = { (token: String) in
      token.utf8.allSatisfy { $0 < 128 } && token.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
    }
    if let token, token.count < Access.shortestToken || !isCookieSafe(token) { throw WebError.tokenTooShort }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop = group.next()
    // Made on the thread that it belongs to.
    let making = loop.submit { NIOLoopBound(Hub(board, Access(token: token)), eventLoop: loop) }
    guard let hub = try? making.wait() else {
      throw WebError.cannotListen(address: address, port: port, reason: "no thread for it")
    }
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 32)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 32 * 1024, high: 128 * 1024))
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          var limits = NIOHTTPDecoderLimitConfiguration()
          limits.maxHeaderFieldSize = 8 * 1024
          limits.maxHeaderListSize = 16 * 1024
          limits.maxHeaderFieldCount = 64
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
          try channel.pipeline.syncOperations.addHandler(Connection(hub.value))
        }
      }
    do { channel = try bootstrap.bind(to: place).wait() } catch {
      try? group.syncShutdownGracefully()
      let reason =
        (error as? IOError).map { POSIXError(POSIXErrorCode(rawValue: $0.errnoCode) ?? .EIO).localizedDescription }
        ?? "\(error)"
      throw WebError.cannotListen(address: address, port: port, reason: reason)
    }
    self.group = group
    self.board = board
    self.hub = hub
    // Many changes in a row wake the server once.
    let isWaking = Waking()
    board.onChange {
      guard isWaking.begin() else { return }
      loop.execute {
        isWaking.end()
        hub.value.pump()
      }
    }
    loop.execute { hub.value.startTicking(on: loop, hub) }
  }

  static func isLoopback(_ address: String) -> Bool { address.hasPrefix("127.") || address == "::1" }

  package var port: Int { channel.localAddress?.port ?? 0 }

  /// Closes all connections and ends the thread.
  package func stop() {
    board.onChange(nil)
    try? channel.close().wait()
    try? group.next().submit { [hub] in hub.value.closeAll() }.wait()
    try? group.syncShutdownGracefully()
  }

  /// Whether the server has been told of a change and not yet looked.
  private final class Waking: Sendable {
    private let flag = Atomic<Bool>(false)
    func begin() -> Bool { flag.exchange(true, ordering: .acquiringAndReleasing) == false }
    func end() { flag.store(false, ordering: .releasing) }
  }
}

/// All connections of a server; belongs to its thread.
final class Hub {
  static let mostConnections = 64
  static let mostOfOneAddress = 32

  let board: LiveBoard
  let access: Access
  var limiter = RateLimiter()
  private var connections: [ObjectIdentifier: Connection] = [:]

  init(_ board: LiveBoard, _ access: Access) {
    self.board = board
    self.access = access
  }

  /// Seconds of a monotonic clock.
  var now: Double { Double(NIODeadline.now().uptimeNanoseconds) * 1e-9 }

  /// False when there are too many connections already.
  func add(_ connection: Connection) -> Bool {
    let ofAddress = connections.values.count { $0.address == connection.address }
    guard connections.count < Self.mostConnections, ofAddress < Self.mostOfOneAddress else { return false }
    connections[ObjectIdentifier(connection)] = connection
    return true
  }

  func remove(_ connection: Connection) { connections[ObjectIdentifier(connection)] = nil }

  func pump() { for connection in connections.values { connection.pump() } }

  func closeAll() { for connection in connections.values { connection.close() } }

  func startTicking(on loop: any EventLoop, _ bound: NIOLoopBound<Hub>) {
    loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
      let hub = bound.value
      hub.board.tick(viewers: hub.connections.count)
      for connection in hub.connections.values { connection.tick() }
    }
  }
}
