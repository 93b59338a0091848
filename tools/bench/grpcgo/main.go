// The peer of ci/bench: a grpc-go server that does as little as one can. Unary calls get a fixed reply, calls whose
// method is GetConfiguration or Connect are answered once and then held, as KAS holds them.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"runtime"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip"
)

// raw passes messages through as the bytes that they are.
type raw struct{}

func (raw) Name() string { return "proto" }
func (raw) Marshal(v any) ([]byte, error) {
	return *(v.(*[]byte)), nil
}
func (raw) Unmarshal(data []byte, v any) error {
	*(v.(*[]byte)) = append([]byte(nil), data...)
	return nil
}

func serve(reply []byte) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		var request []byte
		if err := stream.RecvMsg(&request); err != nil {
			return err
		}
		method, _ := grpc.MethodFromServerStream(stream)
		held := strings.HasSuffix(method, "/GetConfiguration") || strings.HasSuffix(method, "/Connect")
		if !strings.HasSuffix(method, "/Connect") {
			if err := stream.SendMsg(&reply); err != nil {
				return err
			}
		}
		if held {
			<-stream.Context().Done()
		}
		return nil
	}
}

func main() {
	address := flag.String("listen", "127.0.0.1:0", "address")
	procs := flag.Int("procs", 1, "GOMAXPROCS")
	size := flag.Int("reply", 0, "bytes of a reply")
	flag.Parse()
	runtime.GOMAXPROCS(*procs)
	encoding.RegisterCodec(raw{})
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	reply := make([]byte, *size)
	server := grpc.NewServer(grpc.UnknownServiceHandler(serve(reply)), grpc.MaxConcurrentStreams(1000))
	fmt.Println(listener.Addr())
	log.Fatal(server.Serve(listener))
}
