// A sequence-alignment worker: a query comes as a JSON line, it is compared with a library that both sides make from a seed, the best goes back.
// Smith and Waterman with affine gaps, one goroutine a thread.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const residues = 20

type task struct {
	ID     int64 `json:"id"`
	Params struct {
		Query, Library uint64
		Length, Count  int
	} `json:"params"`
	Method string `json:"method"`
}

type hit struct {
	Index int64 `json:"index"`
	Score int   `json:"score"`
}

func sequence(state uint64, length int) []byte {
	made := make([]byte, length)
	for i := range made {
		state = state*6364136223846793005 + 1442695040888963407
		made[i] = byte((state >> 33) % residues)
	}
	return made
}

func worth(a, b byte) int {
	switch {
	case a == b:
		return 6
	case a/4 == b/4:
		return 1
	}
	return -2
}

func align(query, subject []byte) int {
	best, above, gaps := 0, make([]int, len(subject)+1), make([]int, len(subject)+1)
	for k := range gaps {
		gaps[k] = -99
	}
	for _, a := range query {
		left, gap, corner := 0, -99, 0
		for k, b := range subject {
			gap = max(gap-1, left-8)
			gaps[k] = max(gaps[k]-1, above[k+1]-8)
			left = max(max(0, corner+worth(a, b)), max(gap, gaps[k]))
			corner, above[k+1] = above[k+1], left
			best = max(best, left)
		}
	}
	return best
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func search(t *task, threads int) hit {
	query := sequence(t.Params.Query, t.Params.Length)
	var next int64 = -1
	var team sync.WaitGroup
	hits := make([]hit, threads)
	for i := range hits {
		team.Add(1)
		go func(best *hit) {
			defer team.Done()
			for at := atomic.AddInt64(&next, 1); at < int64(t.Params.Count); at = atomic.AddInt64(&next, 1) {
				if score := align(query, sequence(t.Params.Library+uint64(at), 200+int(at%100))); score > best.Score {
					*best = hit{at, score}
				}
			}
		}(&hits[i])
	}
	team.Wait()
	best := hits[0]
	for _, other := range hits {
		if other.Score > best.Score {
			best = other
		}
	}
	return best
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: align HOST PORT THREADS")
		os.Exit(2)
	}
	var link net.Conn
	var err error
	for tries := 0; tries < 40; tries++ {
		if link, err = net.Dial("tcp", net.JoinHostPort(os.Args[1], os.Args[2])); err == nil {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "align:", err)
		os.Exit(3)
	}
	threads, _ := strconv.Atoi(os.Args[3])
	say := json.NewEncoder(link)
	say.Encode(map[string]any{"jsonrpc": "2.0", "method": "hello", "params": map[string]string{"kind": "align"}})
	for scan := bufio.NewScanner(link); scan.Scan(); {
		var t task
		if json.Unmarshal(scan.Bytes(), &t) != nil || t.Method != "job" {
			continue
		}
		if say.Encode(map[string]any{"jsonrpc": "2.0", "id": t.ID, "result": search(&t, threads)}) != nil {
			os.Exit(4)
		}
	}
	os.Exit(5)
}
