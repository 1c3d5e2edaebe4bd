import DferVideo
import Testing

/// Addresses are shown without what lets somebody in.
struct RedactionTests {
  @Test(arguments: [
    ("rtsp://me:secret@camera/live?a=b@c", "rtsp://***@camera/live?***"),
    ("rtsp://admin:secret@host:554/a", "rtsp://***@host:554/a"),
    ("rtsp://admin:se@cret@host/a", "rtsp://***@host/a"),
    ("rtsp://admin:se/cret@host/a", "rtsp://***@host/a"),
    ("rtsp://admin:se?cret@host/a", "rtsp://***@host/a"),
    ("rtsp://admin:secret%40host/a", "rtsp://***/a"),
    ("rtsp://admin:secret", "rtsp://admin:***"),
    ("http://secret@host/a", "http://***@host/a"),
    // Queries and fragments, whatever their names.
    ("http://host/a?token=secret&x=1", "http://host/a?***"),
    ("http://host/a?a=1;token=secret", "http://host/a?***"),
    ("http://host/a?pw=secret", "http://host/a?***"), ("http://host/a?hdnts=secret", "http://host/a?***"),
    ("http://host/a?%74oken=secret", "http://host/a?***"), ("http://host/a?secret", "http://host/a?***"),
    ("http://host?secret", "http://host?***"), ("http://host/a?#secret", "http://host/a?#***"),
    ("http://host/a#access_token=secret", "http://host/a#***"), ("http://host/a?x#secret", "http://host/a?***#***"),
    ("http://host/a?\u{301}token=secret", "http://host/a?***"),
    ("srt://host:9000?streamid=secret", "srt://host:9000?***"),
    ("https://u:secret@host/a.m3u8?X-Amz-Signature=secret", "https://***@host/a.m3u8?***"),
    // Paths.
    ("rtsp://host/user=admin&password=secret&channel=1", "rtsp://host/user=***"),
    ("rtsp://host/user=admin_password=secret_channel=1.sdp", "rtsp://host/user=***"),
    ("rtsp://host/cam/channel=1&pass%77ord=secret", "rtsp://host/cam/channel=1&password=***"),
    ("http://host/live/token/secret/a.m3u8", "http://host/live/token/***/a.m3u8"),
    ("http://host/a;jsessionid=secret/b", "http://host/a;***/b"),
    ("http://host/exp=1~acl=/a", "http://host/exp=1~acl=/a"),
    ("http://host/exp=1~hmac=secret/a", "http://host/exp=1~hmac=***/a"),
    ("http://host/eyJhbGciOi.secret.sig/a", "http://host/***/a"),
    ("rtmp://host/live/secret", "rtmp://host/live/***"), ("rtmp://host/live", "rtmp://host/live"),
    ("http://host/proxy/http://u:secret@other/a", "http://host/proxy/***"),
    // Other ways to write an address.
    ("concat:http://u:secret@h/a|http://u:secret@h/b", "concat:http://***@h/a|http://***@h/b"),
    ("http_proxy://u:secret@h", "http_proxy://***@h"), ("http-x://u:secret@h", "http-x://***@h"),
    ("http:/u:secret@h/a", "http:/***@h/a"), ("http:u:secret@h/a", "http:***@h/a"),
    ("http:///u:secret@h/a", "http:///***@h/a"), ("HTTP://u:secret@h/a", "HTTP://***@h/a"),
    ("crypto:key=secret,http://h/a", "***http://h/a"), ("crypto+https://u:secret@h/a", "crypto+https://***@h/a"),
    ("lavfi:movie=http://u:secret@h/a", "***http://***@h/a"), ("http://[::1]:80/a", "http://[::1]:80/a"),
    ("http://u:pa/secret@h/x", "http://***@h/x"),
    // What is shown as it is.
    ("https://host/a@b.mp4", "https://host/a@b.mp4"), ("http://host/a", "http://host/a"),
    ("http://host/a%20b.mp4", "http://host/a%20b.mp4"), ("talk.mp4", "talk.mp4"), ("v4l2:0", "v4l2:0"),
    ("a:b@c.mp4", "a:b@c.mp4"), ("what?.mp4", "what?.mp4"), ("key=1.mp4", "key=1.mp4"),
    ("C:/Users/a.mp4", "C:/Users/a.mp4"),
    ("/data/user=me/a?.mp4", "/data/user=me/a?.mp4"), ("file:///data/a%20b?.mp4", "file:///data/a%20b?.mp4"),
    ("file://u:secret@host/a", "file://***@host/a"), ("-", "-"), ("", ""), ("a|b.mp4", "a|b.mp4"), ("://", "://"),
  ])
  func shown(location: String, expected: String) {
    #expect(redacted(location) == expected)
    #expect(!redacted(location).contains("secret"))
    #expect(redacted(redacted(location)) == redacted(location), "twice is once")
  }
}
