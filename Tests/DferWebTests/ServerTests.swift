import Foundation
import FoundationNetworking
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import DferWeb

/// The server over real sockets on loopback.
@Suite(.serialized)
struct ServerTests {
  private let board = BoardTests.board()

  private func get(
    _ server: LiveServer, _ path: String, method: String = "GET", headers: [String: String] = [:]
  ) async throws -> (status: Int, body: String, headers: [AnyHashable: Any]) {
    var request = URLRequest(
      url: try #require(URL(string: "http://127.0.0.1:\(server.port)\(path)")), timeoutInterval: 5)
    request.httpMethod = method
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let session = URLSession(configuration: .ephemeral, delegate: Stay(), delegateQueue: nil)
    let (data, answer) = try await session.data(for: request)
    let http = try #require(answer as? HTTPURLResponse)
    return (http.statusCode, String(decoding: data, as: UTF8.self), http.allHeaderFields)
  }

  /// Shows redirects instead of following them.
  private final class Stay: NSObject, URLSessionTaskDelegate {
    func urlSession(
      _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
      newRequest request: URLRequest, completionHandler: @escaping (URLRequest?) -> Void
    ) { completionHandler(nil) }
  }

  /// Sends text to the server as it stands and returns what comes back before the server ends, or after `seconds`.
  private func raw(_ server: LiveServer, _ text: String, seconds: Int64 = 2) throws -> String {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let promise = group.next().makePromise(of: String.self)
    let channel = try ClientBootstrap(group: group)
      .channelInitializer { $0.pipeline.addHandler(Collector(promise)) }
      .connect(host: "127.0.0.1", port: server.port).wait()
    channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    group.next().scheduleTask(in: .seconds(seconds)) { channel.close(promise: nil) }
    return try promise.futureResult.wait()
  }

  private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let text = NIOLockedText()
    private let promise: EventLoopPromise<String>
    init(_ promise: EventLoopPromise<String>) { self.promise = promise }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      text.append(String(buffer: unwrapInboundIn(data)))
    }
    func channelInactive(context: ChannelHandlerContext) { promise.succeed(text.value) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }

  private final class NIOLockedText: @unchecked Sendable {
    private let lock = NSLock()
    private var text = ""
    var value: String { lock.withLock { text } }
    func append(_ more: String) { lock.withLock { text += more } }
  }

  @Test func everyRouteAnswers() async throws {
    board.update(LiveCounts(), time: 1)
    board.add(BoardTests.row(0))
    board.show(jpeg: [0xFF, 0xD8, 0xFF, 0xD9], frame: 5, time: 0.2, width: 64, height: 48, faces: [])
    let server = try LiveServer(board, port: 0)
    defer { server.stop() }
    for route in Route.allCases where route != .events {
      let answer = try await get(server, route.rawValue, method: route.method.rawValue)
      // On a busy machine the board may look stalled by now; health has a test of its own.
      #expect(answer.status == 200 || route == .health, "\(route)")
      #expect(!answer.body.isEmpty, "\(route)")
      #expect("\(answer.headers)".contains("default-src"), "\(route)")
    }
    let page = try await get(server, "/").body
    #expect(page.contains("rtsp://***@host/a"))
    #expect(!page.contains("http://") && !page.contains("https://"), "the page asks nobody else")
    let facts = try await get(server, "/frame.jpg").headers["Dfer-Frame"] as? String
    #expect(facts == #"{"faces":[],"frame":5,"height":48,"number":1,"time_s":0.2,"width":64}"#)
    #expect(try await get(server, "/nothing").status == 404)
    #expect(try await get(server, "/pause").status == 405)
    #expect(try await get(server, "/", method: "DELETE").status == 405)
    #expect(try await get(server, "/", headers: ["Host": "evil.com"]).status == 403)
  }

  @Test func pauseIsSeenByTheRun() async throws {
    board.update(LiveCounts(), time: 1)
    let server = try LiveServer(board, port: 0)
    defer { server.stop() }
    #expect(try await get(server, "/pause", method: "POST").body.contains("paused"))
    #expect(board.isPaused)
    #expect(try await get(server, "/healthz").body == "paused\n")
    #expect(try await get(server, "/resume", method: "POST").body.contains("reading"))
    #expect(!board.isPaused)
    board.set(LiveState(.lost, reason: "gone"))
    #expect(try await get(server, "/healthz").status == 503)
  }

  /// Somebody who never sends the body that was promised must not keep the place of others.
  @Test(arguments: ["Content-Length: 1000\r\n\r\nx", "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nx"])
  func unfinishedBodiesAreLetGoOf(body: String) throws {
    let server = try LiveServer(board, port: 0)
    defer { server.stop() }
    let begin = ContinuousClock.now
    _ = try raw(server, "POST /resume HTTP/1.1\r\nHost: localhost\r\n" + body, seconds: 20)
    #expect(ContinuousClock.now - begin < .seconds(15))
  }

  /// A head is an answer without a body: the next answer on the connection begins right behind it.
  @Test(arguments: ["/frame.jpg", "/rows.csv", "/", "/healthz", "/state"])
  func headsHaveNoBody(path: String) throws {
    board.update(LiveCounts(), time: 1)
    board.show(jpeg: [0xFF, 0xD8, 0x41, 0x42, 0x43, 0xD9], frame: 5, time: 0.2, width: 64, height: 48, faces: [])
    let server = try LiveServer(board, port: 0)
    defer { server.stop() }
    let ask = "HEAD \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n"
    let text = try raw(server, ask + ask, seconds: 1)
    let parts = text.components(separatedBy: "\r\n\r\n")
    #expect(parts.count == 3 && parts[1].hasPrefix("HTTP/1.1 ") && parts[2].isEmpty, "\(text)")
  }

  @Test func theHeadOfEventsEnds() throws {
    let server = try LiveServer(board, port: 0)
    defer { server.stop() }
    let begin = ContinuousClock.now
    let text = try raw(server, "HEAD /events HTTP/1.1\r\nHost: localhost\r\n\r\n", seconds: 10)
    #expect(text.contains("text/event-stream") && !text.contains("hello"))
    #expect(ContinuousClock.now - begin < .seconds(5))
  }

  @Test func aLostSourceNeverLooksWell() async throws {
    board.update(LiveCounts(), time: 1)
    let server = try LiveServer(board, port: 0)
    defer { server.stop() }
    board.set(LiveState(.lost, reason: "gone"))
    // Frames that had come before are looked at still.
    board.update(LiveCounts(), time: 1.2, isLost: true)
    for change in ["", "/pause", "/resume"] {
      if !change.isEmpty { _ = try await get(server, change, method: "POST") }
      #expect(try await get(server, "/healthz").status == 503, "\(change)")
      #expect(try await get(server, "/metrics").body.contains("dfer_up 0"), "\(change)")
    }
    _ = try await get(server, "/pause", method: "POST")
    board.update(LiveCounts(), time: 9)
    #expect(try await get(server, "/healthz").body == "paused\n")
    _ = try await get(server, "/resume", method: "POST")
    #expect(try await get(server, "/healthz").body == "reading\n")
  }

  @Test func eventsComeAsTheyHappenAndGoOnWhereTheyWere() throws {
    for clip in 0..<3 { board.add(BoardTests.row(clip)) }
    let server = try LiveServer(board, port: 0)
    defer { server.stop() }
    let later = Thread { [board] in
      Thread.sleep(forTimeInterval: 0.5)
      board.add(BoardTests.row(77))
    }
    later.start()
    let text = try raw(server, "GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 2\r\n\r\n")
    #expect(text.contains("event: hello"))
    #expect(!text.contains("id: 2\n") && text.contains("id: 3\n"))
    #expect(text.contains("\"clip\":77"))
    #expect(text.contains("event: health"))
  }

  @Test func tokensGuardEveryRoute() async throws {
    #expect(throws: WebError.tokenNeeded(address: "0.0.0.0")) { try LiveServer(board, address: "0.0.0.0", port: 0) }
    #expect(throws: WebError.tokenTooShort) { try LiveServer(board, port: 0, token: "short") }
    #expect(throws: WebError.notAnAddress("host.name")) { try LiveServer(board, address: "host.name", port: 0) }
    let server = try LiveServer(board, port: 0, token: "0123456789abcdef")
    defer { server.stop() }
    for route in Route.allCases {
      #expect(try await get(server, route.rawValue, method: route.method.rawValue).status == 401, "\(route)")
    }
    #expect(!board.isPaused)
    let entrance = try await get(server, "/?token=0123456789abcdef")
    #expect(entrance.status == 303)
    #expect("\(entrance.headers)".contains("HttpOnly"))
    #expect(try await get(server, "/state", headers: ["Authorization": "Bearer 0123456789abcdef"]).status == 200)
  }

  @Test func portInUseIsNamed() throws {
    let server = try LiveServer(board, port: 0)
    defer { server.stop() }
    do {
      _ = try LiveServer(BoardTests.board(), port: server.port)
      Issue.record("two servers on one port")
    } catch WebError.cannotListen(_, let port, let reason) {
      #expect(port == server.port)
      #expect(reason.lowercased().contains("in use"), "\(reason)")
    }
  }

  @Test func requestsAreLimitedInSizeAndNumber() async throws {
    let server = try LiveServer(board, port: 0)
    defer { server.stop() }
    let head = "GET / HTTP/1.1\r\nHost: localhost\r\n"
    let large = try raw(server, head + "X: " + String(repeating: "x", count: 20_000) + "\r\n\r\n")
    #expect(!large.contains("200 OK"))
    let many = try raw(server, head + (0..<100).map { "X\($0): 1\r\n" }.joined() + "\r\n")
    #expect(!many.contains("200 OK"))
    let body = try raw(
      server,
      "POST /pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n" + String(repeating: "x", count: 5000))
    #expect(!body.contains("200 OK") && !board.isPaused)
    let requests = (0..<400).map { _ in "GET /live.css HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined()
    let answers = try raw(server, requests)
    #expect(answers.contains("429 Too Many Requests"))
    #expect(answers.split(separator: "200 OK").count > 100)
  }

  /// Clients that ask for everything and read nothing: the run's side must neither wait nor grow.
  @Test func slowClientsCostNothing() throws {
    let server = try LiveServer(board, port: 0)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let clients = try (0..<20).map { _ in
      let channel = try ClientBootstrap(group: group).channelOption(.autoRead, value: false)
        .connect(host: "127.0.0.1", port: server.port).wait()
      try channel.writeAndFlush(ByteBuffer(string: "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")).wait()
      return channel
    }
    let before = ProcessStatistics.now.memoryBytes
    for clip in 0..<10_000 { board.add(BoardTests.row(clip)) }
    let grown = ProcessStatistics.now.memoryBytes - before
    // 10 000 events are 5 MB of text for each client: 100 MB if anything kept them.
    #expect(grown < 50 << 20, "\(grown) bytes for 20 clients")
    for client in clients { client.close(promise: nil) }
    server.stop()
  }
}
