// Test client: PostgreSQL's JDBC driver. Run with `java -cp postgresql.jar JdbcClient.java`. It prints what contract.ts says, but reads
// lines instead of JSON, as Java has no JSON of its own: host, port, user, password, database and sslmode, then one statement per line
// as `form` and the SQL; each line's parts are in base64, separated by spaces.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.util.*;
import org.postgresql.util.PSQLException;

public class JdbcClient {
  private static final List<String> results = new ArrayList<>();
  private static List<String> login;

  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    login = parts(in.readLine());
    List<List<String>> statements = new ArrayList<>();
    for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) statements.add(parts(line));
    try {
      // The form is a property of the driver's connection: a script has one form (see run-client.ts).
      try (Connection connection = connect(statements.isEmpty() ? "extended" : statements.get(0).get(0))) {
        for (List<String> statement : statements) run(connection, statement.get(0), statement.get(1));
      }
    } catch (SQLException error) {
      results.add(failure(error, "connect"));
    }
    new PrintStream(System.out, true, StandardCharsets.UTF_8).println("[" + String.join(",", results) + "]");
  }

  private static Connection connect(String form) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", login.get(2));
    properties.setProperty("password", login.get(3));
    properties.setProperty("sslmode", login.get(5));
    if (form.equals("simple")) properties.setProperty("preferQueryMode", "simple");
    // -1: binary transfer from the first execution on.
    if (form.equals("binary")) properties.setProperty("prepareThreshold", "-1");
    if (form.equals("extended")) properties.setProperty("binaryTransfer", "false");
    return DriverManager.getConnection("jdbc:postgresql://" + login.get(0) + ":" + login.get(1) + "/" + login.get(4), properties);
  }

  private static void run(Connection connection, String form, String sql) {
    // createStatement() and a question mark in the text: escape processing off, so the text goes out as it is.
    try (Statement statement = connection.createStatement()) {
      statement.setEscapeProcessing(false);
      if (sql.matches("(?is)\\s*copy\\b.*\\bto stdout.*")) {
        StringWriter data = new StringWriter();
        connection.unwrap(org.postgresql.PGConnection.class).getCopyAPI().copyOut(sql, data);
        List<String> rows = new ArrayList<>();
        for (String line : data.toString().split("\n")) {
          List<String> row = new ArrayList<>();
          for (String value : line.split("\t")) row.add(quote(value));
          rows.add("[" + String.join(",", row) + "]");
        }
        results.add("{\"ok\":true,\"columns\":[],\"rows\":[" + String.join(",", rows) + "]}");
        return;
      }
      boolean rows = statement.execute(sql);
      String last = "{\"ok\":true,\"columns\":[],\"rows\":[]}";
      while (true) {
        if (rows) last = read(statement.getResultSet());
        else if (statement.getUpdateCount() == -1) break;
        else last = "{\"ok\":true,\"columns\":[],\"rows\":[]}";
        rows = statement.getMoreResults();
      }
      results.add(last);
    } catch (SQLException error) {
      results.add(failure(error, "statement"));
    } catch (java.io.IOException error) {
      throw new IllegalStateException(error);
    }
  }

  private static String read(ResultSet set) throws SQLException {
    ResultSetMetaData meta = set.getMetaData();
    List<String> columns = new ArrayList<>();
    for (int i = 1; i <= meta.getColumnCount(); i++) columns.add(quote(meta.getColumnLabel(i)));
    List<String> rows = new ArrayList<>();
    while (set.next()) {
      List<String> row = new ArrayList<>();
      for (int i = 1; i <= meta.getColumnCount(); i++) row.add(quote(set.getString(i)));
      rows.add("[" + String.join(",", row) + "]");
    }
    return "{\"ok\":true,\"columns\":[" + String.join(",", columns) + "],\"rows\":[" + String.join(",", rows) + "]}";
  }

  private static String failure(SQLException error, String phase) {
    String message = error.getMessage(), detail = null, hint = null;
    if (error instanceof PSQLException && ((PSQLException) error).getServerErrorMessage() != null) {
      var server = ((PSQLException) error).getServerErrorMessage();
      message = server.getMessage();
      detail = server.getDetail();
      hint = server.getHint();
    }
    return "{\"ok\":false,\"phase\":" + quote(phase) + ",\"sqlstate\":" + quote(error.getSQLState()) + ",\"message\":" + quote(message)
        + ",\"detail\":" + quote(detail) + ",\"hint\":" + quote(hint) + "}";
  }

  private static String quote(String text) {
    if (text == null) return "null";
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < 0x20) out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }

  private static List<String> parts(String line) {
    List<String> parts = new ArrayList<>();
    for (String part : line.split(" ")) parts.add(new String(Base64.getDecoder().decode(part), StandardCharsets.UTF_8));
    return parts;
  }
}
