// A lens-design worker: tasks are pushed as JSON lines; one goroutine a thread tries designs, improves them by tracing rays, and sends each that is good enough.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const surfaces, rays = 4, 9

var places = [surfaces]float64{0, 6, 6.5, 9}
var glasses = [surfaces]float64{1.5168, 1, 1.6727, 1}

type task struct {
	ID     int64 `json:"id"`
	Params struct {
		Focus, Aperture, Limit float64
		Seed                   int64
	} `json:"params"`
	Method string `json:"method"`
}

// spot is the root mean square of where the rays meet the image plane, or a huge number when one misses a surface.
func spot(curves [surfaces]float64, focus, aperture float64) float64 {
	sum := 0.0
	for k := 0; k < rays; k++ {
		x, y, angle, index := -20.0, aperture*float64(k-rays/2)/(rays/2)+0.01, 0.0, 1.0
		for i, curve := range curves {
			radius := 1 / curve
			up, along := math.Sincos(angle)
			fromX := x - places[i] - radius
			b := fromX*along + y*up
			inside := b*b - (fromX*fromX + y*y - radius*radius)
			if inside < 0 {
				return 1e9
			}
			way := -b - math.Copysign(math.Sqrt(inside), radius)
			x, y = x+way*along, y+way*up
			normal := math.Asin(math.Max(-1, math.Min(1, y/radius)))
			sine := index / glasses[i] * math.Sin(angle+normal)
			if math.Abs(sine) >= 1 {
				return 1e9
			}
			angle, index = math.Asin(sine)-normal, glasses[i]
		}
		height := y + (9+focus-x)*math.Tan(angle)
		sum += height * height
	}
	return math.Sqrt(sum / rays)
}

func curve(random *rand.Rand) float64 {
	c := (random.Float64()*2 - 1) * 0.04
	return math.Copysign(math.Max(math.Abs(c), 2e-4), c)
}

// improve walks downhill from a random design.
func improve(t *task, random *rand.Rand) ([surfaces]float64, float64) {
	var best [surfaces]float64
	for i := range best {
		best[i] = curve(random)
	}
	least := spot(best, t.Params.Focus, t.Params.Aperture)
	step := 0.01
	for tries := 0; tries < 3000 && step > 1e-7; tries++ {
		next := best
		for i := range next {
			next[i] += random.NormFloat64() * step
			if math.Abs(next[i]) < 2e-4 || math.Abs(next[i]) > 0.045 {
				next[i] = curve(random)
			}
		}
		if s := spot(next, t.Params.Focus, t.Params.Aperture); s < least {
			best, least = next, s
		} else if tries%20 == 19 {
			step *= 0.93
		}
	}
	return best, least
}

func search(current *atomic.Value, say func(any), number int64) {
	random := rand.New(rand.NewSource(number + time.Now().UnixNano()))
	for {
		t, _ := current.Load().(*task)
		if t == nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if curves, s := improve(t, random); s < t.Params.Limit {
			say(map[string]any{"jsonrpc": "2.0", "id": t.ID, "result": map[string]any{"curves": curves, "spot": s}})
		}
	}
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: lens HOST PORT THREADS")
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
		fmt.Fprintln(os.Stderr, "lens:", err)
		os.Exit(3)
	}
	var lock sync.Mutex
	lines := json.NewEncoder(link)
	say := func(message any) {
		lock.Lock()
		defer lock.Unlock()
		if lines.Encode(message) != nil {
			os.Exit(4)
		}
	}
	say(map[string]any{"jsonrpc": "2.0", "method": "hello", "params": map[string]string{"kind": "lens"}})
	var current atomic.Value
	threads, _ := strconv.ParseInt(os.Args[3], 10, 64)
	for i := int64(0); i < threads; i++ {
		go search(&current, say, i)
	}
	for scan := bufio.NewScanner(link); scan.Scan(); {
		var t task
		if json.Unmarshal(scan.Bytes(), &t) == nil && t.Method == "job" {
			current.Store(&t)
		}
	}
	os.Exit(5)
}
