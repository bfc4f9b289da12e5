import java.io.*;
import java.net.URI;
import java.net.http.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.regex.*;

/** A volunteer-computing worker: folds HP chains on a lattice by Monte Carlo, with checkpoints, work units and results over HTTP. */
public class Fold {
  static final int[] DX = {0, 0, -1, 1}, DY = {1, -1, 0, 0};
  static final String NAMES = "UDLR";

  /** Energy of a walk, or 1 when it crosses itself. */
  static int energy(String chain, int[] moves) {
    int n = chain.length(), x = n, y = n, side = 2 * n + 1;
    int[] grid = new int[side * side];
    grid[y * side + x] = 1;
    for (int i = 0; i < moves.length; i++) {
      x += DX[moves[i]];
      y += DY[moves[i]];
      if (grid[y * side + x] != 0) return 1;
      grid[y * side + x] = i + 2;
    }
    int contacts = 0;
    for (int p = 0; p < grid.length - side; p++) {
      if (grid[p] == 0) continue;
      contacts += pair(chain, grid[p], grid[p + 1]) + pair(chain, grid[p], grid[p + side]);
    }
    return -contacts;
  }

  static int pair(String chain, int a, int b) {
    return b != 0 && Math.abs(a - b) > 1 && chain.charAt(a - 1) == 'H' && chain.charAt(b - 1) == 'H' ? 1 : 0;
  }

  record Best(int energy, int[] moves, long steps) {}

  /** Metropolis walk with cooling for `seconds`; writes a checkpoint every 5 s. */
  static Best search(String chain, int seconds, long seed, int worker) {
    Random random = new Random(seed);
    int[] moves = new int[chain.length() - 1];
    Arrays.fill(moves, 3);
    int current = energy(chain, moves), best = current;
    int[] bestMoves = moves.clone();
    long steps = 0, end = System.nanoTime() + seconds * 1_000_000_000L, saved = System.nanoTime();
    while (System.nanoTime() < end) {
      for (int k = 0; k < 2000; k++, steps++) {
        int at = random.nextInt(moves.length), old = moves[at];
        moves[at] = random.nextInt(4);
        int next = energy(chain, moves);
        if (next > 0 || next > current && random.nextDouble() > Math.exp((current - next) / 0.4)) { moves[at] = old; continue; }
        current = next;
        if (current < best) { best = current; bestMoves = moves.clone(); }
      }
      if (System.nanoTime() - saved > 5_000_000_000L) { saved = System.nanoTime(); checkpoint(worker, steps, best, bestMoves); }
    }
    return new Best(best, bestMoves, steps);
  }

  static void checkpoint(int worker, long steps, int best, int[] moves) {
    try {
      Files.writeString(Path.of("/tmp/checkpoint-" + worker), steps + " " + best + " " + Arrays.toString(moves) + "\n");
    } catch (IOException problem) {
      System.err.println("no checkpoint: " + problem);
    }
  }

  static String field(String json, String pattern) {
    Matcher found = Pattern.compile(pattern).matcher(json);
    if (!found.find()) throw new IllegalStateException("no work in " + json);
    return found.group(1);
  }

  static String call(HttpClient client, HttpRequest.Builder request) throws Exception {
    for (int attempt = 0; ; attempt++) {
      try {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
      } catch (IOException problem) {
        if (attempt == 20) throw problem;
        Thread.sleep(1000);
      }
    }
  }

  public static void main(String[] a) throws Exception {
    String base = "http://" + a[0] + ":" + a[1];
    int threads = Integer.parseInt(a[2]);
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    ExecutorService team = Executors.newFixedThreadPool(threads);
    while (true) {
      String work = call(client, HttpRequest.newBuilder(URI.create(base + "/work")));
      String id = field(work, "\"id\": (\\d+)"), chain = field(work, "\"chain\": \"([HP]+)\"");
      int seconds = Integer.parseInt(field(work, "\"seconds\": (\\d+)"));
      long seed = Long.parseLong(field(work, "\"seed\": (\\d+)"));
      List<Future<Best>> parts = new ArrayList<>();
      for (int i = 0; i < threads; i++) { int k = i; parts.add(team.submit(() -> search(chain, seconds, seed + k, k))); }
      Best best = null;
      long steps = 0;
      for (Future<Best> part : parts) { Best b = part.get(); steps += b.steps(); if (best == null || b.energy() < best.energy()) best = b; }
      StringBuilder moves = new StringBuilder();
      for (int m : best.moves()) moves.append(NAMES.charAt(m));
      String answer = "{\"id\": " + id + ", \"result\": {\"energy\": " + best.energy() + ", \"steps\": " + steps + ", \"moves\": \"" + moves + "\"}}";
      call(client, HttpRequest.newBuilder(URI.create(base + "/result")).POST(HttpRequest.BodyPublishers.ofString(answer)));
    }
  }
}
