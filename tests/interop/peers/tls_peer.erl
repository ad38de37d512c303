%% A TLS client and server on Erlang's ssl, for the interop tests.
-module(tls_peer).
-export([main/1]).

main(["server", Cert, Key, Version]) ->
    application:ensure_all_started(ssl),
    Options = [{certfile, Cert}, {keyfile, Key}, {versions, [version(Version)]}, {active, false}, binary,
               {reuseaddr, true}, {ip, {127, 0, 0, 1}}],
    {ok, Listener} = ssl:listen(0, Options),
    {ok, {_, Port}} = ssl:sockname(Listener),
    io:format("~p~n", [Port]),
    accept(Listener);
main(["client", Port, CA, Version]) ->
    application:ensure_all_started(ssl),
    Options = [{cacertfile, CA}, {verify, verify_peer}, {versions, [version(Version)]}, {active, false}, binary,
               {server_name_indication, "localhost"}],
    {ok, Socket} = ssl:connect("localhost", list_to_integer(Port), Options, 10000),
    ok = ssl:send(Socket, <<"GET / HTTP/1.0\r\n\r\n">>),
    {ok, Data} = ssl:recv(Socket, 0, 10000),
    io:put_chars(Data),
    ssl:close(Socket),
    halt(0).

accept(Listener) ->
    {ok, Accepted} = ssl:transport_accept(Listener),
    case ssl:handshake(Accepted, 10000) of
        {ok, Socket} ->
            {ok, _} = ssl:recv(Socket, 0, 10000),
            ssl:send(Socket, <<"HTTP/1.0 200 OK\r\n\r\nhello\n">>),
            ssl:close(Socket);
        _ -> ok
    end,
    accept(Listener).

version("1.2") -> 'tlsv1.2';
version("1.3") -> 'tlsv1.3'.
