package dev.lockstep.cdc.capture;

import dev.lockstep.plans.fault.Check;
import io.debezium.connector.postgresql.connection.pgoutput.ColumnMetaData;
import java.io.ByteArrayOutputStream;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/// Lets Debezium carry tables and columns whatever they are called.
///
/// What the stream tells of a table it would read byte by byte, which garbles all but ASCII; take
/// quotes off a column's name; look the table up with its name as a pattern, and fail over two
/// tables that fit; stop at two columns whose names differ by case; and pass over tables that are
/// called like temporary ones. So it gets every name as the hexadecimal digits of its bytes behind
/// a sign, and whoever takes a name from Debezium makes the real one of it. Tables of such names
/// are the only ones it is to know of. There are none, so it need not look anything up.
public final class PlainNames {
    private static final String DECODER = "PgOutputMessageDecoder";
    private static final Map<String, String> INSTEAD =
            Map.of(
                    "readString", "read",
                    "getTableColumnsFromDatabase", "nothing",
                    "readPrimaryKeyNames", "nothing",
                    "readTableUniqueIndices", "nothing");
    private static final String SIGN = "=";

    /// What fits the names of all tables in the stream.
    static final String TABLES = "=[0-9a-f]*[.]=[0-9a-f]*";

    private PlainNames() {}

    /// To be called once, before anything else of Debezium's connector is used.
    static void apply() {
        AtomicInteger calls = new AtomicInteger();
        CodeTransform change =
                (builder, element) -> {
                    if (element instanceof InvokeInstruction call
                            && INSTEAD.containsKey(call.name().stringValue())) {
                        calls.incrementAndGet();
                        instead(builder, call);
                    } else {
                        builder.with(element);
                    }
                };
        MendedClass.load(ColumnMetaData.class, DECODER, change);
        Check.that(calls.get() >= 6, "%d names and lookups in Debezium", calls.get());
    }

    /// What the call takes from the stack is what a static method takes as parameters.
    private static void instead(CodeBuilder builder, InvokeInstruction call) {
        MethodTypeDesc type = call.typeSymbol();
        if (call.opcode() != Opcode.INVOKESTATIC) {
            type = type.insertParameterTypes(0, ConstantDescs.CD_Object);
            for (int i = 0; i < type.parameterCount(); i++) {
                type = type.changeParameterType(i, ConstantDescs.CD_Object);
            }
        }
        String method = INSTEAD.get(call.name().stringValue());
        builder.invokestatic(ClassDesc.of(PlainNames.class.getName()), method, type);
    }

    /// What the class of Debezium's calls: reads up to the next zero byte.
    public static String read(ByteBuffer from) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (byte b = from.get(); b != 0; b = from.get()) {
            bytes.write(b);
        }
        return SIGN + HexFormat.of().formatHex(bytes.toByteArray());
    }

    /// What the class of Debezium's calls to look up a table's keys.
    public static List<Object> nothing(Object connection, Object catalog, Object table) {
        return new ArrayList<>();
    }

    /// What the class of Debezium's calls to look up a table's columns.
    public static List<Object> nothing(
            Object decoder, Object connection, Object catalog, Object table) {
        return new ArrayList<>();
    }

    /// The name as PostgreSQL knows it.
    static String of(String read) {
        byte[] bytes = HexFormat.of().parseHex(read.substring(SIGN.length()));
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
