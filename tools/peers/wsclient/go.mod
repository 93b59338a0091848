module fakekas/wsclient

go 1.21

require (
	github.com/gorilla/websocket v1.5.3
	nhooyr.io/websocket v1.8.17
)
