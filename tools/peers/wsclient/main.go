// Two WebSocket clients of others against a fake KAS, for tests/test_websocket.py: nhooyr's, which agents have, and
// gorilla's. Sends bytes, waits for an answer, says text, and prints the close that it gets.
//
//	wsclient nhooyr|gorilla URL CA-FILE HEX-SENT HEX-ANSWER
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/websocket"
	nhooyr "nhooyr.io/websocket"
)

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "wsclient:", err)
		os.Exit(1)
	}
}

func trust(file string) *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(must(os.ReadFile(file)))
	return &tls.Config{RootCAs: pool}
}

func withNhooyr(url string, config *tls.Config, sent, answer []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	c, _, err := nhooyr.Dial(ctx, url, &nhooyr.DialOptions{HTTPClient: client, Subprotocols: []string{"ws-tunnel"}})
	check(err)
	check(c.Write(ctx, nhooyr.MessageBinary, sent))
	for seen := []byte(nil); !bytes.Contains(seen, answer); {
		_, p, err := c.Read(ctx)
		check(err)
		seen = append(seen, p...)
	}
	check(c.Write(ctx, nhooyr.MessageText, []byte("text")))
	_, _, err = c.Read(ctx)
	var closed nhooyr.CloseError
	if !errors.As(err, &closed) {
		check(fmt.Errorf("no close frame: %w", err))
	}
	fmt.Println(int(closed.Code), closed.Reason)
}

func withGorilla(url string, config *tls.Config, sent, answer []byte) {
	d := websocket.Dialer{TLSClientConfig: config, Subprotocols: []string{"ws-tunnel"}, HandshakeTimeout: 10 * time.Second}
	c, _, err := d.Dial(url, nil)
	check(err)
	check(c.SetReadDeadline(time.Now().Add(10 * time.Second)))
	check(c.WriteMessage(websocket.BinaryMessage, sent))
	for seen := []byte(nil); !bytes.Contains(seen, answer); {
		_, p, err := c.ReadMessage()
		check(err)
		seen = append(seen, p...)
	}
	check(c.WriteMessage(websocket.TextMessage, []byte("text")))
	_, _, err = c.ReadMessage()
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		check(fmt.Errorf("no close frame: %w", err))
	}
	fmt.Println(closed.Code, closed.Text)
}

func main() {
	if len(os.Args) != 6 {
		check(errors.New("usage: wsclient nhooyr|gorilla URL CA-FILE HEX-SENT HEX-ANSWER"))
	}
	sent, answer := must(hex.DecodeString(os.Args[4])), must(hex.DecodeString(os.Args[5]))
	clients := map[string]func(string, *tls.Config, []byte, []byte){"nhooyr": withNhooyr, "gorilla": withGorilla}
	clients[os.Args[1]](os.Args[2], trust(os.Args[3]), sent, answer)
}
