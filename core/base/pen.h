/* Our branch below the private enterprise numbers: net-snmp's playpen until a number is assigned. */
#ifndef CORE_BASE_PEN_H
#define CORE_BASE_PEN_H

#define SALLYPORT_PEN_TEXT "8072.9999.9999"
#define SALLYPORT_PEN_OID 8072, 9999, 9999

#endif
