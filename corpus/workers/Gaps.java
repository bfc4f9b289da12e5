import java.net.URI;
import java.net.http.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.regex.*;

/** A prime-gap worker: starts of ranges are pushed over a WebSocket, threads sieve segment after segment, wide gaps go back. */
public class Gaps implements WebSocket.Listener {
  static final int SEGMENT = 1 << 20;

  record Job(long id, long start, int least, AtomicLong next) {}

  final AtomicReference<Job> current = new AtomicReference<>();
  final StringBuilder text = new StringBuilder();
  final ExecutorService voice = Executors.newSingleThreadExecutor();
  final int[] primes = smallPrimes(31_700_000);
  WebSocket link;

  static int[] smallPrimes(int limit) {
    BitSet composite = new BitSet(limit);
    int[] found = new int[2_100_000];
    int count = 0;
    for (int n = 3; n < limit; n += 2) {
      if (composite.get(n)) continue;
      found[count++] = n;
      for (long k = (long) n * n; k < limit; k += 2L * n) composite.set((int) k);
    }
    return Arrays.copyOf(found, count);
  }

  /** Sieves the odd numbers of [from, from + 2 * SEGMENT) and reports the gaps that begin and end in it. */
  void segment(Job job, long from, boolean[] composite) {
    Arrays.fill(composite, false);
    long end = from + 2L * SEGMENT;
    for (int p : primes) {
      if ((long) p * p >= end) break;
      long first = (from + p - 1) / p * p;
      if ((first & 1) == 0) first += p;
      for (long k = (first - from) / 2; k < SEGMENT; k += p) composite[(int) k] = true;
    }
    int last = -1;
    for (int k = 0; k < SEGMENT; k++) {
      if (composite[k]) continue;
      if (last >= 0 && 2 * (k - last) >= job.least()) report(job, from + 2L * last, 2 * (k - last));
      last = k;
    }
  }

  void report(Job job, long prime, int gap) {
    String answer = "{\"jsonrpc\": \"2.0\", \"id\": " + job.id() + ", \"result\": {\"prime\": " + prime + ", \"gap\": " + gap + "}}";
    voice.submit(() -> link.sendText(answer, true).join());
  }

  void search() {
    boolean[] composite = new boolean[SEGMENT];
    while (true) {
      Job job = current.get();
      if (job != null) segment(job, job.next().getAndAdd(2L * SEGMENT), composite);
      else Thread.yield();
    }
  }

  @Override public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
    text.append(part);
    if (last) {
      Matcher found = Pattern.compile("\"id\": (\\d+), \"method\": \"job\".*\"start\": (\\d+), \"least\": (\\d+)").matcher(text);
      if (found.find()) {
        long start = Long.parseLong(found.group(2)) | 1;
        current.set(new Job(Long.parseLong(found.group(1)), start, Integer.parseInt(found.group(3)), new AtomicLong(start)));
      }
      text.setLength(0);
    }
    socket.request(1);
    return null;
  }

  @Override public CompletionStage<?> onClose(WebSocket socket, int code, String why) {
    System.exit(5);
    return null;
  }

  @Override public void onError(WebSocket socket, Throwable problem) {
    System.err.println(problem);
    System.exit(4);
  }

  public static void main(String[] a) throws Exception {
    Gaps worker = new Gaps();
    for (int attempt = 0; worker.link == null; attempt++) {
      try {
        worker.link = HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create("ws://" + a[0] + ":" + a[1] + "/jobs"), worker).get();
      } catch (ExecutionException problem) {
        if (attempt == 20) throw problem;
        Thread.sleep(1000);
      }
    }
    worker.voice.submit(() -> worker.link.sendText("{\"method\": \"hello\", \"params\": {\"kind\": \"gaps\"}}", true).join());
    for (int i = 0; i < Integer.parseInt(a[2]); i++) new Thread(worker::search).start();
  }
}
